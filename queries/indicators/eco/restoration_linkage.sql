-- /// indicator
-- title = "行政处罚与生态修复联动率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["eco"]
-- tiers = ["province", "city", "county"]
-- basis = "2026考核计划 一(一) 生态环境：处罚案件中同步要求企业制定修复方案的比例"
-- ///
--
-- 造成生态环境损害的处罚案件中，在作出处罚决定当日或之前要求当事人制定修复方案的比例。
-- 决定当日要求的视为及时，此后要求的不算。
-- 没有填写是否造成损害的，按造成损害计。两侧均剔除并另列：没有造成损害的处罚；分母与之相加，即计划所说的全部处罚案件，
-- 其比例见 eco.restoration_linkage_all_penalties。
SELECT unit_id, domain, month_of(decided_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_ordered_in_time) AS numerator,
       count(*) FILTER (WHERE state = 'due')                        AS denominator,
       count(*) FILTER (WHERE state = 'excluded')                   AS excluded
FROM eco_penalty_cases
GROUP BY 1, 2, 3
