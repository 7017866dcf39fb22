-- /// indicator
-- title = "文书规范率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["city", "county", "township"]
-- basis = "2026考核计划 一(二) 执法程序合规性：文书规范率；行政处罚法第52、59、61条；indicators.md A1"
-- ///
--
-- Of the documents that the decided cases must have on their path (simple, ordinary, quick; penalty, no penalty; hearing right,
-- legal review, collective discussion), those on file with all required elements, in a file that no review failed.
-- A required document that is missing counts against the unit. A case is judged once its limit for service is over.
-- Left out of both sides and shown: documents of cases with nothing on record (paper files), documents nobody checked.
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_standard) AS numerator,
       count(*) FILTER (WHERE state = 'due')                 AS denominator,
       count(*) FILTER (WHERE state = 'pending')             AS pending,
       count(*) FILTER (WHERE state = 'excluded')            AS excluded
FROM due_documents
GROUP BY 1, 2, 3
