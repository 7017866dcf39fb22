-- /// indicator
-- title = "协商令比例"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["eco"]
-- tiers = ["province", "county"]
-- basis = "310 CMR 5.00 (Massachusetts); for trying kaohe on real records only"
-- window = "rolling_60"
-- ///
--
-- Of the enforcement actions in a town in five years, those that ended in a consent order. Five years, because most
-- towns see one or two actions a year. Nothing is excluded.
SELECT unit_id, domain,
       count(*) FILTER (WHERE by_consent) AS numerator,
       count(*)                       AS denominator
FROM town_actions
WHERE decided_on >= day_of($from) AND decided_on <= day_of($as_of - INTERVAL '1 second')
GROUP BY 1, 2
