-- /// indicator
-- title = "扫码（亮码）入企率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "国办发〔2024〕54号（规范涉企行政检查）；本系统补充"
-- ///
--
-- 入企检查中，当日在检查开始之前（含开始的时刻）扫码（亮码）的比例。没有记录开始时刻的，当日扫码即可。
-- 没有扫码的，开始以后才扫的，计入分母、不计入分子。没有企业代码的检查照样计入。
-- 两侧均剔除并另列：突发事件检查（须在24小时内补办备案，没有补办的照样计入），没有入企的检查，检查对象是自然人的检查。
SELECT unit_id, domain, month_of(checked_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_scanned) AS numerator,
       count(*) FILTER (WHERE state = 'due')                AS denominator,
       count(*) FILTER (WHERE state = 'pending')            AS pending,
       count(*) FILTER (WHERE state = 'excluded')           AS excluded
FROM visits_to_scan
GROUP BY 1, 2, 3
