-- /// indicator
-- title = "持证人员占比"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["township"]
-- basis = "行政处罚法第42条（由具有行政执法资格的执法人员实施）"
-- window = "stock"
-- ///
--
-- 截至当日在岗的乡镇（街道）执法人员中，当日持有有效执法证的正式人员的比例。辅助人员在分母之内，不论有无证号都不算持证。
-- 证件到期之日仍有效；没有证号的，没有到期日的，不算持证。没有剔除项。
SELECT unit_id, domain,
       count(*) FILTER (WHERE state = 'due' AND is_certified) AS numerator,
       count(*) FILTER (WHERE state = 'due')                  AS denominator
FROM township_staff
GROUP BY 1, 2
