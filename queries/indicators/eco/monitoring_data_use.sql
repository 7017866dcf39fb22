-- /// indicator
-- title = "环境监测数据执法应用率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["eco"]
-- tiers = ["province", "city", "county"]
-- basis = "2026考核计划 一(一) 生态环境：自动监测数据作为立案依据的比例"
-- ///
--
-- 已立案且所涉事项有自动监测的案件中，以有效自动监测数据为立案依据的比例。
-- 设备标记为停用、故障或维护的数据，带异常标志的数据，以及立案之后测得的数据，不算有效。
-- 没有事项编码或者编码无从查找的案件照样计入：不填编码不能使案件退出分母。
-- 两侧均剔除并另列：事项没有自动监测的；分母与之相加，即全部立案案件。
SELECT unit_id, domain, month_of(filed_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND uses_monitoring) AS numerator,
       count(*) FILTER (WHERE state = 'due')                     AS denominator,
       count(*) FILTER (WHERE state = 'excluded')                AS excluded
FROM eco_monitored_cases
GROUP BY 1, 2, 3
