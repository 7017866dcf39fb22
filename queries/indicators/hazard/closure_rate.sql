-- /// indicator
-- title = "隐患排查整改闭环率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "2026考核计划 一(二) 动态指标：隐患排查整改闭环率；安全生产法第41、65条"
-- ///
--
-- 整改期限已过的隐患中，在期限内整改并验收通过的比例。
-- 期限最后一日验收视为及时；延期只有第一次推后期限。期限已过而没有验收的，计入分母、不计入分子。
-- 由整改责任单位自己验收的，没有记录由谁验收的，不算闭环。
-- 没有整改期限的，应当立即排除，以发现之日为期限。没有剔除项。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_closed_in_time) AS numerator,
       count(*) FILTER (WHERE state = 'due')                       AS denominator,
       count(*) FILTER (WHERE state = 'pending')                   AS pending
FROM due_hazards
GROUP BY 1, 2, 3
