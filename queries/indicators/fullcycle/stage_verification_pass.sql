-- /// indicator
-- title = "阶段核验通过率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "2026考核计划 二：阶段核验"
-- decided_by = "others"
-- ///
--
-- 每季度核验时抽取的事项中，核验属实的比例；结果属于所核验的季度（该季度最后一个月），不属于作出核验的月份。
-- 按核验次数剔除并另列：没有写明季度的，核验早于所核验季度的，没有抽取数或属实数的。
-- 未到期：所核验的季度尚未结束的核验。
SELECT unit_id, domain, month_of(due_on) AS month,
       sum(least(items_confirmed, items_sampled)) FILTER (WHERE state = 'due') AS numerator,
       sum(items_sampled) FILTER (WHERE state = 'due')                         AS denominator,
       count(*) FILTER (WHERE state = 'pending')                               AS pending,
       count(*) FILTER (WHERE state = 'excluded')                              AS excluded
FROM stage_verification_results
GROUP BY 1, 2, 3
