-- /// indicator
-- title = "热线诉求评价回复率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "2026考核计划 一(三)：诉求解决且群众评价“满意”的比例；没有评价的另列"
-- ///
--
-- 与行政执法有关（由工单内容认定，不凭填报）、诉求合理、已办结的12345工单中，来电人作出评价的比例。与 perception.hotline_resolution_satisfaction 并列，
-- 只显示、不计分：满意度只计作出评价的，回复率低时满意度不足为凭。
-- 两侧均剔除并另列：认定诉求不合理的（没有认定的视为合理），仅凭来源填报认定与执法无关的。未到期：尚未办结的。
SELECT unit_id, domain, month_of(counted_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_answered) AS numerator,
       count(*) FILTER (WHERE state = 'due')                 AS denominator,
       count(*) FILTER (WHERE state = 'pending')             AS pending,
       count(*) FILTER (WHERE state = 'excluded')            AS excluded
FROM closed_enforcement_orders
GROUP BY 1, 2, 3
