-- /// indicator
-- title = "问题整改率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market"]
-- tiers = ["city", "county"]
-- basis = "SFDPH: date violation corrected; for trying kaohe on real records only"
-- ///
--
-- Of the violations found in a zip area, those whose correction is on record. Violations of businesses without a zip are excluded.
SELECT unit_id, domain, month_of(checked_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND corrected) AS numerator,
       count(*) FILTER (WHERE state = 'due')               AS denominator,
       count(*) FILTER (WHERE state = 'excluded')          AS excluded
FROM zip_violations
GROUP BY 1, 2, 3
