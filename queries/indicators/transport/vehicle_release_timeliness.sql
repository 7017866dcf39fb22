-- /// indicator
-- title = "扣押车辆按期解除率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["transport"]
-- tiers = ["county", "township"]
-- basis = "行政强制法第25条（30日，经批准延长不得超过30日）"
-- ///
--
-- 期限已过的扣押车辆中，在期限内解除扣押或者作出处理决定的比例。
-- 与 coercion.duration_compliance 是同一口径，只看交通运输领域扣押的车辆：期限、延长、检测日数、最后一日均同。
-- 期限已过而没有解除的，计入分母、不计入分子。没有剔除项：其他强制措施都不是扣押车辆，不在内。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND ended_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                        AS denominator,
       count(*) FILTER (WHERE state = 'pending')                    AS pending
FROM seizures
WHERE domain = 'transport' AND is_vehicle
GROUP BY 1, 2, 3
