-- /// indicator
-- title = "跨部门联合执法占比"
-- better = "band"
-- shown_as = "percent"
-- domains = ["urban"]
-- tiers = ["city", "county"]
-- basis = "浙江省综合行政执法条例第13条；本系统补充"
-- ///
--
-- 对多部门监管对象的城市管理入企检查中，与其他部门联合进行的比例：一并检查的，或者在跨部门联合巡查之中进行的（至少两个单位各有记录）。
-- 以区间论优劣：三成即可，不必事事联合。
-- 两侧均剔除并另列：因投诉、交办、突发事件等启动并按期备案的，只由一个部门监管的企业，没有入企的检查，检查对象是自然人的检查。
SELECT unit_id, domain, month_of(checked_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_joint) AS numerator,
       count(*) FILTER (WHERE state = 'due')              AS denominator,
       count(*) FILTER (WHERE state = 'pending')          AS pending,
       count(*) FILTER (WHERE state = 'excluded')         AS excluded
FROM multi_department_visits
GROUP BY 1, 2, 3
