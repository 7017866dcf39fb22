-- /// indicator
-- title = "超期未结案率"
-- better = "lower"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["county"]
-- basis = "行政处罚法第60条"
-- window = "stock"
-- ///
--
-- 截至当日24时尚未作出决定的案件中，已超过法定期限（含批准的延长和扣除的中止时间）的比例。
-- 期限最后一日即为当日的，视为已超期；此后才作出决定的，当日仍算未决。
-- 不计入存量：已移送、撤案或结案的，适用简易程序的，没有立案日期的。
SELECT unit_id, domain,
       count(*) FILTER (WHERE is_overdue) AS numerator,
       count(*)                           AS denominator
FROM open_cases
GROUP BY 1, 2
