-- /// indicator
-- title = "超期未结案率"
-- better = "lower"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["county"]
-- basis = "行政处罚法第60条；indicators.md A8（县级执行）"
-- window = "stock"
-- ///
--
-- Of the cases without a decision at the end of the date, those past their statutory limit (with extension and suspensions).
-- A case whose last day is the date itself is past it: the date ends at 24:00. A case decided later was still open then.
-- Not in the stock: cases transferred, withdrawn or closed, cases under the simple procedure, cases without a filing date.
SELECT unit_id, domain,
       count(*) FILTER (WHERE is_overdue) AS numerator,
       count(*)                           AS denominator
FROM open_cases
GROUP BY 1, 2
