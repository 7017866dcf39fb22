-- /// population
-- title = "截至某日尚未作出决定的案件"
-- grain = "one penalty case that is open as of the date"
-- [columns]
-- is_overdue = "法定期限已过"
-- ///
--
-- `ordinary_cases` 中截至数据截止时点没有作出决定的案件；此后才作出决定的，当时仍未决。
-- `state` 一律为到期：未决案件不论期限是否已过，都在存量之内。`is_overdue`：法定期限已过。
-- 不在本口径内：已移送或撤案的案件，以任何方式结案的案件，没有立案日期的案件。
SELECT unit_id, domain, record_id, source_file, source_line, filed_on, due_on, 'due' AS state,
       CAST(NULL AS VARCHAR) AS excluded_because, end_of(due_on) <= $as_of AS is_overdue
FROM ordinary_cases
WHERE excluded_because IS NULL AND left_as IS NULL
  AND (decided_on IS NULL OR end_of(decided_on) > $as_of)
  AND (closed_on IS NULL OR end_of(closed_on) > $as_of)
