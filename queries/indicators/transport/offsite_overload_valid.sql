-- /// indicator
-- title = "非现场治超证据有效率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["transport"]
-- tiers = ["province", "city", "county"]
-- basis = "行政处罚法第41条（设备经法制和技术审核，设置地点公布，记录经审核）；本系统补充"
-- ///
--
-- 已作出决定的非现场超限超载案件中，所依据的记录有效的比例：记录在决定前审核通过，设备合规、在检定有效期内，设置地点已公布。
-- 审核没有通过、没有审核、不在设备名录中、没有检定日期而仍据以作出决定的，计入分母、不计入分子。
-- 两侧均剔除并另列：记录最终没有用作证据的（违法事实不成立、撤案、移送）；
-- 其他各项均具备，只是最近一次检定晚于发现之日、当时的检定看不出来的。
-- 既没有设备编号、也没有记录审核的案件，数据中看不出是非现场案件，不在其内。
SELECT unit_id, domain, month_of(decided_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_valid) AS numerator,
       count(*) FILTER (WHERE state = 'due')              AS denominator,
       count(*) FILTER (WHERE state = 'excluded')         AS excluded
FROM overload_offsite_records
GROUP BY 1, 2, 3
