-- /// indicator
-- title = "协商令比例"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["eco"]
-- tiers = ["province", "county"]
-- basis = "310 CMR 5.00 (Massachusetts); for trying kaohe on real records only"
-- ///
--
-- Of the enforcement actions in a town, those that ended in a consent order. Nothing is excluded.
SELECT unit_id, domain, month_of(decided_on) AS month,
       count(*) FILTER (WHERE by_consent) AS numerator,
       count(*)                           AS denominator
FROM town_actions
GROUP BY 1, 2, 3
