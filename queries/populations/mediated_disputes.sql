-- /// population
-- title = "移送人民调解的轻微行政争议"
-- grain = "one minor administrative dispute referred to people's mediation"
-- [columns]
-- is_resolved = "调解成功"
-- ///
--
-- 截至数据截止日调解已终结的争议。`is_resolved`：达成协议，且有协议日期、不晚于终结之日。
SELECT unit_id, coalesce(domain, 'other') AS domain, mediation_id AS record_id, source_file, source_line, referred_on, closed_on, 'due' AS state,
       CAST(NULL AS VARCHAR) AS excluded_because,
       coalesce(result = 'agreed' AND agreement_on <= closed_on, false) AS is_resolved
FROM mediation_records
WHERE end_of(closed_on) <= $as_of
