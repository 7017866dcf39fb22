-- /// indicator
-- title = "评查一致率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["city"]
-- basis = "行政执法监督条例（国务院令第825号）案卷评查；本系统补充"
-- decided_by = "others"
-- ///
--
-- 市级评查后经盲评复评的案卷中，两次等次相同的比例，归组织原评查的市。
-- 两侧均剔除并另列：复评不是盲评的，复评人与原评查人是同一人的，有一次没有等次的。
SELECT unit_id, domain, month_of(reviewed_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_agreed) AS numerator,
       count(*) FILTER (WHERE state = 'due')               AS denominator,
       count(*) FILTER (WHERE state = 'excluded')          AS excluded
FROM rereviewed_files
GROUP BY 1, 2, 3
