-- /// population
-- title = "应有评价的热线诉求"
-- grain = "one 12345 order about enforcement"
-- [columns]
-- is_answered = "来电人已评价"
-- ///
--
-- `enforcement_orders` 的各行：已办结、诉求合理的，都应当回访来电人，请其评价。
-- `is_answered`：来电人作出了评价。尚未办结的为未到期；认定诉求不合理的、仅凭来源填报认定无关的，予以剔除。
SELECT unit_id, domain, record_id, source_file, source_line, counted_on, satisfaction IS NOT NULL AS is_answered,
       CASE WHEN excluded_because <> 'no_answer' THEN excluded_because END AS excluded_because,
       CASE WHEN state = 'excluded' AND excluded_because = 'no_answer' THEN 'due' ELSE state END AS state
FROM enforcement_orders
