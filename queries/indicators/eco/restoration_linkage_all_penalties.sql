-- /// indicator
-- title = "行政处罚与生态修复联动率（全部处罚案件）"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["eco"]
-- tiers = ["province", "city", "county"]
-- basis = "2026考核计划 一(一) 生态环境：处罚案件中同步要求企业制定修复方案的比例"
-- ///
--
-- 全部处罚案件中，在作出处罚决定当日或之前要求当事人制定修复方案的比例，即计划的原话；没有造成损害的案件也在分母。
-- 与 eco.restoration_linkage（只计造成损害的案件）并列，只显示、不计分。没有剔除项。
SELECT unit_id, domain, month_of(decided_on) AS month,
       count(*) FILTER (WHERE is_ordered_in_time) AS numerator,
       count(*)                                   AS denominator
FROM eco_all_penalty_cases
GROUP BY 1, 2, 3
