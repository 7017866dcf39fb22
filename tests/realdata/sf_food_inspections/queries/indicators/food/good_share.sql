-- /// indicator
-- title = "检查得分优良率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market"]
-- tiers = ["city", "county"]
-- basis = "SFDPH legend: 91 to 100 is Good; for trying kaohe on real records only"
-- ///
--
-- Of the inspections in a zip area, those that ended with the grade Good. Inspections of businesses without a zip are excluded.
SELECT unit_id, domain, month_of(checked_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND grade = 'good') AS numerator,
       count(*) FILTER (WHERE state = 'due')                    AS denominator,
       count(*) FILTER (WHERE state = 'excluded')               AS excluded
FROM zip_inspections
GROUP BY 1, 2, 3
