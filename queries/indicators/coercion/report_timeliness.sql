-- /// indicator
-- title = "当场强制补办及时率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["county", "township"]
-- basis = "行政强制法第18、19条（情况紧急当场实施的，二十四小时内报告并补办批准手续）"
-- ///
--
-- 没有事先批准、当场实施的强制措施中，在实施后24小时内补办批准手续的比例。
-- 是否当场实施，看实施以前有没有批准，不看单位自报的是否紧急；始终没有批准的，计入分母、不计入分子。
-- 最后一秒批准视为及时；夜间和节假日照常计时。强制执行不在内。
-- 两侧均剔除并另列：实施前已经批准的（不是当场实施），没有实施时刻的。
SELECT unit_id, domain, month_of(day_of(due_at)) AS month,
       count(*) FILTER (WHERE state = 'due' AND approved_at <= due_at) AS numerator,
       count(*) FILTER (WHERE state = 'due')                           AS denominator,
       count(*) FILTER (WHERE state = 'pending')                       AS pending,
       count(*) FILTER (WHERE state = 'excluded')                      AS excluded
FROM on_the_spot_measures
GROUP BY 1, 2, 3
