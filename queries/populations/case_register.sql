-- /// population
-- title = "行政处罚案件（去除来源已删除的行）"
-- grain = "one penalty case that the source has not deleted"
-- ///
--
-- The cases that any figure may count. Rows that the source itself marked as deleted stay in the lake, for the record, and
-- stand in no population. Every other population over cases reads this one.
--   ended_as   the outcome; for feeds without one, no_penalty or penalty where the flag 是否不予处罚 says which, else null
SELECT c.*, c.case_id AS record_id,
       coalesce(c.outcome, CASE WHEN c.no_penalty THEN 'no_penalty'
                                WHEN NOT c.no_penalty AND cardinality(c.penalty_kinds) > 0 THEN 'penalty' END) AS ended_as
FROM cases AS c
WHERE c.source_operation IS DISTINCT FROM 'delete'
