-- /// indicator
-- title = "重大隐患整改闭环率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["emergency"]
-- tiers = ["province", "city", "county"]
-- basis = "安全生产法第41、70条"
-- ///
--
-- 整改期限已过的重大隐患中，在期限内整改并验收通过的比例；闭环的认定与隐患排查整改闭环率相同。
-- 挂牌督办的一律是重大隐患；没有填写等级的，也按重大隐患计：不填等级不能使隐患退出分母。
-- 没有整改期限的，以发现之日为期限。没有剔除项。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_closed_in_time) AS numerator,
       count(*) FILTER (WHERE state = 'due')                       AS denominator,
       count(*) FILTER (WHERE state = 'pending')                   AS pending
FROM due_hazards
WHERE is_major
GROUP BY 1, 2, 3
