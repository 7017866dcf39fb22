-- /// population
-- title = "截至某日尚未作出决定的案件"
-- grain = "one penalty case that is open as of the date"
-- ///
--
-- Cases of ordinary_cases without a decision at the as-of instant; one decided later was still open then.
-- `state` is always 'due': an open case is in the stock whether or not its limit has passed. `is_overdue` = the statutory limit
-- has passed. Not here: cases transferred or withdrawn, cases closed in any way, cases without a filing date.
SELECT unit_id, domain, record_id, source_file, source_line, filed_on, due_on, 'due' AS state,
       CAST(NULL AS VARCHAR) AS excluded_because, end_of(due_on) <= $as_of AS is_overdue
FROM ordinary_cases
WHERE excluded_because IS NULL
  AND (decided_on IS NULL OR end_of(decided_on) > $as_of)
  AND (closed_on IS NULL OR end_of(closed_on) > $as_of)
