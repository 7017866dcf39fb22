-- /// indicator
-- title = "市级案卷评查覆盖率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["city"]
-- basis = "行政执法监督条例（国务院令第825号）案卷评查；2%、每个主体10件为自定；本系统补充"
-- window = "rolling_12"
-- ///
--
-- 近12个月市级应当评查的县级案卷中，已经评查的比例。应评查数按每个县级主体计：决定案件的2%，且不少于10件（不足10件的为全部）。
-- 目录原式为“评查案件/决定案件”，与“完成计划100%”的目标不合：改以应评查数为分母，超过应评查数的不加分。
-- 省级、县级组织的评查不算市级的评查；简易程序案件、省直管县的案件不在其内。没有剔除项。
SELECT unit_id, domain,
       count(*) FILTER (WHERE state = 'due' AND is_reviewed) AS numerator,
       count(*) FILTER (WHERE state = 'due')                 AS denominator
FROM county_cases_to_review
GROUP BY 1, 2
