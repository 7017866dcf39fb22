-- /// indicator
-- title = "边界协作覆盖率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city"]
-- basis = "本系统补充；浙江省综合行政执法条例 第11—19条（边界协作协议）"
-- window = "rolling_12"
-- rollup = "none"
-- shape = "region"
-- counts = "records"
-- measures = "coverage"
-- statutory_duty = "浙江省综合行政执法条例 第11—19条（相邻地区的执法协作）"
-- companion = "synergy.two_sided_match"
-- ///
--
-- 地区涉及的县界中，有有效的协作协议、且12个月内在协议领域内有过协作的比例；协作为有效联合巡查、已经移送的线索、已经答复的协查，一次即可，多不加分。
-- 只有协议没有协作的，只有协作没有协议的，都不算。n为县界数。不分领域。
-- 剔除并另列：跨省边界的。
SELECT region_code, domain,
       CAST(count(*) FILTER (WHERE state = 'due' AND is_covered) AS DECIMAL(18, 6)) / nullif(count(*) FILTER (WHERE state = 'due'), 0) AS value,
       count(*) FILTER (WHERE state = 'due')      AS n,
       count(*) FILTER (WHERE state = 'excluded') AS excluded
FROM border_cooperation
GROUP BY 1, 2
