-- /// indicator
-- title = "年度监督检查计划完成率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["emergency"]
-- tiers = ["province", "city", "county"]
-- basis = "安全生产法第62条"
-- measures = "coverage"
-- statutory_duty = "安全生产法 第62条（制定年度监督检查计划，并按照年度监督检查计划进行监督检查）"
-- companion = "market.inspection_frequency_compliance"
-- ///
--
-- 已到期的检查计划所列对象中，在到期日或之前依计划检查过的比例；每个对象检查一次即可，多查不加分。
-- 最后一日检查视为及时。没有写明依哪个计划的检查不算：事后不能把别的检查充作计划内的检查。
-- 高危行业应为100%、其他行业不低于60%的要求（南昌市），由考核方案的得分曲线体现，不改变这里的比例。
-- 两侧均剔除并另列：到期以前已停业或者注销、吊销，没有检查的。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_inspected) AS numerator,
       count(*) FILTER (WHERE state = 'due')                  AS denominator,
       count(*) FILTER (WHERE state = 'pending')              AS pending,
       count(*) FILTER (WHERE state = 'excluded')             AS excluded
FROM supervision_plan_targets
GROUP BY 1, 2, 3
