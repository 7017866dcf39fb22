-- /// indicator
-- title = "现场抽查一致率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "2026考核计划 二：现场抽查"
-- decided_by = "others"
-- ///
--
-- 现场抽查核对的事实中，与系统记录一致的比例。按事实计，不按次计：一次抽查核对的事实越多，分量越重。
-- 抽查由上级或第三方作出，抽多抽少不由被考核单位决定。
-- 剔除并另列：没有核对任何事实、没有写明个数的抽查。
SELECT unit_id, domain, month_of(due_on) AS month,
       sum(least(facts_agreeing, facts_compared)) FILTER (WHERE state = 'due') AS numerator,
       sum(facts_compared) FILTER (WHERE state = 'due')                        AS denominator,
       count(*) FILTER (WHERE state = 'excluded')                              AS excluded
FROM spot_check_results
GROUP BY 1, 2, 3
