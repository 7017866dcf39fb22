-- /// indicator
-- title = "法定期限内作出决定率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["city", "county", "township"]
-- basis = "行政处罚法第60条（立案之日起90日）；市监程序第64条；2026考核计划 一(二) 执法程序合规性"
-- ///
--
-- Of the cases not under the simple procedure whose statutory limit has passed, those decided within it.
-- Limit = clock decision.statutory from the filing date + approved extension + days of suspension (united). The date of the
-- decision is the one on the document. The last day is in time; an open case past its limit counts against the unit.
-- Left out of both sides and shown: cases transferred, cases withdrawn (撤案), cases without a filing date.
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND decided_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                          AS denominator,
       count(*) FILTER (WHERE state = 'pending')                      AS pending,
       count(*) FILTER (WHERE state = 'excluded')                     AS excluded
FROM ordinary_cases
GROUP BY 1, 2, 3
