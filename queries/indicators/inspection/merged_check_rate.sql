-- /// indicator
-- title = "综合查一次占比"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county"]
-- basis = "国办发〔2024〕54号（能合并实施的不得重复检查，能联合实施的不得多头检查）；浙江省综合行政执法条例第13条"
-- ///
--
-- 对多部门监管对象的入企检查中，与其他部门一并进行的比例。只有“综合查一次”之名、没有其他单位的，不算。
-- 没有企业代码的，名录上查不到的企业，无从证明只由一个部门监管，照样计入。
-- 两侧均剔除并另列：因投诉、交办、突发事件等启动并按期备案的，只由一个部门监管的企业，没有入企的检查，检查对象是自然人的检查。
SELECT unit_id, domain, month_of(checked_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_merged) AS numerator,
       count(*) FILTER (WHERE state = 'due')               AS denominator,
       count(*) FILTER (WHERE state = 'pending')           AS pending,
       count(*) FILTER (WHERE state = 'excluded')          AS excluded
FROM multi_department_visits
GROUP BY 1, 2, 3
