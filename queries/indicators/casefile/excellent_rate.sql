-- /// indicator
-- title = "案卷评查优秀率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county"]
-- basis = "行政执法监督条例（国务院令第825号）案卷评查；鲁司〔2023〕33号；本系统补充"
-- decided_by = "others"
-- ///
--
-- 评查过的案卷中，优秀（等次优秀，总分不低于90分）的比例。触及否决项的，不论分数和等次都不算。同一案卷评查数次的只计一次，以层级最高、时间较晚的一次为准。
-- 剔除并另列：没有等次、没有总分也没有否决项、看不出结果的。
SELECT unit_id, domain, month_of(first_reviewed_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_excellent) AS numerator,
       count(*) FILTER (WHERE state = 'due')                  AS denominator,
       count(*) FILTER (WHERE state = 'excluded')             AS excluded
FROM reviewed_files
GROUP BY 1, 2, 3
