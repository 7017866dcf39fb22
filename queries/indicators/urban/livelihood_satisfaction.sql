-- /// indicator
-- title = "民生设施维护类执法案件群众满意度"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["urban"]
-- tiers = ["county", "township"]
-- basis = "2026考核计划 一(一) 城市管理：民生设施维护类执法案件群众满意度（路灯、井盖、垃圾清运等）"
-- decided_by = "others"
-- ///
--
-- 与行政执法有关（由工单内容认定，不凭填报）、属民生设施维护类、诉求合理、已办结且来电人作出评价的12345工单中，
-- 评价“满意”或“非常满意”的比例。计入回访的月份；没有回访的，计入办结的月份。评价“基本满意”的不算满意。
-- 只计来电人对工单的评价；好差评是行政相对人的评价，另见 perception.good_rating_rate。
-- 两侧均剔除并另列：没有评价的（与 perception.hotline_resolution_satisfaction 同一规则，回复率见 perception.hotline_response_rate），
-- 认定诉求不合理的（没有认定的视为合理），仅凭来源填报认定与执法无关的。未到期：尚未办结的。
SELECT unit_id, domain, month_of(counted_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_graded_satisfied) AS numerator,
       count(*) FILTER (WHERE state = 'due')                         AS denominator,
       count(*) FILTER (WHERE state = 'pending')                     AS pending,
       count(*) FILTER (WHERE state = 'excluded')                    AS excluded
FROM livelihood_orders
GROUP BY 1, 2, 3
