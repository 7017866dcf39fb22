-- /// indicator
-- title = "柔性执法适用率"
-- better = "band"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "2026考核计划 一(二) 动态指标：行政指导、责令改正代替罚款的比例；行政处罚法第33条"
-- ///
--
-- 已办结的案件中，以行政指导、责令改正、不予处罚（有教育记录）或者仅以警告、通报批评办结的比例。
-- 以区间论优劣：接近100%等于不执法。没有教育记录的不予处罚，不算柔性执法。
-- 两侧均剔除并另列：违法事实不成立的，移送的，撤案的，食品药品案件（涉及生命健康），来源没有处理结果的。
SELECT unit_id, domain, month_of(ended_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_flexible) AS numerator,
       count(*) FILTER (WHERE state = 'due')                 AS denominator,
       count(*) FILTER (WHERE state = 'excluded')            AS excluded
FROM ended_cases
GROUP BY 1, 2, 3
