-- /// indicator
-- title = "涉企执法检查备案率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "2026考核计划 一(二) 动态指标：涉企执法检查备案率；国办发〔2024〕54号"
-- ///
--
-- 入企检查中，在检查开始之前已单独或随计划备案（批准）的比例。
-- 突发事件检查可在开始后24小时内补办；始终没有备案的，计入分母、不计入分子。
-- 没有企业代码的检查照样计入：是否备案与代码无关，代码缺漏不能缩小分母。
-- 两侧均剔除并另列：没有入企的检查（书面、线上、非现场），检查对象是自然人的检查。
SELECT unit_id, domain, month_of(day_of(due_at)) AS month,
       count(*) FILTER (WHERE state = 'due' AND filed_by <= due_at) AS numerator,
       count(*) FILTER (WHERE state = 'due')                        AS denominator,
       count(*) FILTER (WHERE state = 'pending')                    AS pending,
       count(*) FILTER (WHERE state = 'excluded')                   AS excluded
FROM enterprise_visits
GROUP BY 1, 2, 3
