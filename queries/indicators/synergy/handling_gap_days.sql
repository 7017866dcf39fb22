-- /// indicator
-- title = "跨区案件办理时差"
-- better = "lower"
-- shown_as = "days"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county"]
-- basis = "本系统补充；同类2026计划以跨区域案件与本地案件办理时间相比"
-- window = "rolling_12"
-- rollup = "recompute"
-- shape = "value"
-- alone    = "取中位数，中位数不能由各部分相加"
-- ///
--
-- 12个月内作出决定、由外地移送来的案件，比本单位同一事项的本地案件多用的工作日的中位数；负数为更快。n为可比的案件数。
-- 逐件与本单位同一事项的本地案件用时的中位数相比，再取中位数：两类案件的事项不同，不会因此显得更慢。
-- 剔除并另列：本单位没有同一事项的本地案件可比的，或者没有填写事项的。
SELECT unit_id, domain, CAST(median(gap_days) FILTER (WHERE state = 'due') AS DECIMAL(18, 4)) AS value,
       count(*) FILTER (WHERE state = 'due')      AS n,
       count(*) FILTER (WHERE state = 'excluded') AS excluded
FROM cross_region_handling_times
GROUP BY 1, 2
