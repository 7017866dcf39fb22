-- /// indicator
-- title = "涉企行政检查频次合规率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "2026考核计划 一(一) 市场监管：涉企行政检查频次合规率（避免重复检查）；国办发〔2024〕54号年度频次上限"
-- window = "year_to_date"
-- rollup = "recompute"
-- ///
--
-- Of the enterprises that the unit visited this year (visits that count toward the cap), those with no visit over a cap.
-- Two caps: the unit's own, and the combined one of all units of the domain; a breach of the combined cap is borne by the unit
-- whose visit went over it. For a parent, an enterprise visited by several children counts once.
-- Left out and shown, by visit: visits with an exempt trigger, checks that were no visit, visits without an enterprise's code.
SELECT unit_id, domain,
       count(DISTINCT enterprise_code) FILTER (WHERE state = 'due')
         - count(DISTINCT enterprise_code) FILTER (WHERE state = 'due' AND is_breach) AS numerator,
       count(DISTINCT enterprise_code) FILTER (WHERE state = 'due')                   AS denominator,
       count(DISTINCT record_id) FILTER (WHERE state = 'excluded')                    AS excluded
FROM counted_visits
GROUP BY 1, 2
