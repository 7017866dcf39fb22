-- /// indicator
-- title = "合理诉求解决满意度"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "2026考核计划 一(三)：诉求解决且群众评价“满意”的比例"
-- decided_by = "others"
-- ///
--
-- 与行政执法有关（由工单内容认定，不凭填报）、诉求合理、已办结且来电人作出评价的12345工单中，已解决且评价“满意”及以上的比例。
-- 已解决而评价“基本满意”的不算；满意而未解决的也不算。
-- 两侧均剔除并另列：认定诉求不合理的（没有认定的视为合理），没有评价的（回复率见 perception.hotline_response_rate），仅凭来源填报认定与执法无关的。未到期：尚未办结的。
SELECT unit_id, domain, month_of(counted_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_satisfied) AS numerator,
       count(*) FILTER (WHERE state = 'due')                  AS denominator,
       count(*) FILTER (WHERE state = 'pending')              AS pending,
       count(*) FILTER (WHERE state = 'excluded')             AS excluded
FROM enforcement_orders
GROUP BY 1, 2, 3
