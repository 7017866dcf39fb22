-- /// indicator
-- title = "非现场执法应用率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["urban"]
-- tiers = ["city", "county", "township"]
-- basis = "2026考核计划 一(一) 城市管理：通过监控抓拍、电子围栏等方式处理占道经营的比例；行政处罚法第41条；indicators.md D"
-- ///
--
-- Of the handled problems of the types that devices can see (street trading and the like; cases and corrections on the spot),
-- those found by a compliant device and reviewed before the decision. Device records that were not reviewed, or of a device
-- without legal review, technical review or published place, don't count as off-site.
-- Left out of both sides and shown: cases whose facts did not hold, cases transferred, cases withdrawn.
-- Read with the findings on devices with yields out of the ordinary: the rate is no reason to let a camera fine more.
SELECT unit_id, domain, month_of(handled_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_offsite) AS numerator,
       count(*) FILTER (WHERE state = 'due')                AS denominator,
       count(*) FILTER (WHERE state = 'excluded')           AS excluded
FROM urban_handled_problems
GROUP BY 1, 2, 3
