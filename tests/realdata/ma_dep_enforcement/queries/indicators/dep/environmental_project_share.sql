-- /// indicator
-- title = "补充环境项目比例"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["eco"]
-- tiers = ["province", "county"]
-- basis = "MassDEP policy on supplemental environmental projects; for trying kaohe on real records only"
-- ///
--
-- Of the enforcement actions in a town, those in which the violator undertakes an environmental project. Nothing is excluded.
SELECT unit_id, domain, month_of(decided_on) AS month,
       count(*) FILTER (WHERE with_project) AS numerator,
       count(*)                             AS denominator
FROM town_actions
GROUP BY 1, 2, 3
