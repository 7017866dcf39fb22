-- /// indicator
-- title = "非现场执法应用率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["urban"]
-- tiers = ["city", "county", "township"]
-- basis = "2026考核计划 一(一) 城市管理：通过监控抓拍、电子围栏等方式处理占道经营的比例；行政处罚法第41条"
-- ///
--
-- 已处理的、设备可以发现的城市管理问题（占道经营等；含立案的和当场改正的）中，由合规设备发现、并在决定之前经过审核的比例。
-- 未经审核的设备记录，以及设备未经法制审核、技术审核或设置地点未公布的，不算非现场执法。
-- 两侧均剔除并另列：违法事实不成立的，移送的，撤案的。应与设备产出是否正常对照着看：不能为了比例多抓拍、多罚款。
SELECT unit_id, domain, month_of(handled_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_offsite) AS numerator,
       count(*) FILTER (WHERE state = 'due')                AS denominator,
       count(*) FILTER (WHERE state = 'excluded')           AS excluded
FROM urban_handled_problems
GROUP BY 1, 2, 3
