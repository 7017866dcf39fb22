-- /// population
-- title = "应在法定期限内办结的超限超载案件"
-- grain = "one overload case of transport not under the simple procedure, opened by the as-of date"
-- ///
--
-- `ordinary_cases` 中的超限超载案件（`overload_register`），期限和剔除均与该口径相同。
SELECT o.unit_id, o.domain, o.record_id, o.source_file, o.source_line, o.filed_on, o.decided_on, o.due_on, o.excluded_because, o.state
FROM ordinary_cases AS o
JOIN overload_register AS c ON c.record_id = o.record_id
