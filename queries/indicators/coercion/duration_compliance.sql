-- /// indicator
-- title = "查封扣押期限合规率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["county", "township"]
-- basis = "行政强制法第25、32条（30日，经批准延长不得超过30日；检测、检验、检疫、技术鉴定期间不计）"
-- ///
--
-- 期限已过的查封、扣押、冻结中，在期限内解除或者作出处理决定的比例。
-- 期限自实施之日起30日；在期限内批准延长的共60日，期满以后才批准的延长不算；检测、检验、检疫、技术鉴定的日数另加。
-- 最后一日解除视为及时；期限已过而没有解除、没有处理的，计入分母、不计入分子。没有填写种类的照样计入。
-- 两侧均剔除并另列：其他种类的强制措施（没有统一的法定期限）。强制执行不在内。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND ended_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                        AS denominator,
       count(*) FILTER (WHERE state = 'pending')                    AS pending,
       count(*) FILTER (WHERE state = 'excluded')                   AS excluded
FROM seizures
GROUP BY 1, 2, 3
