-- /// population
-- title = "行政处罚案件（去除来源已删除的行）"
-- grain = "one penalty case that the source has not deleted"
-- ///
--
-- The cases that any figure may count: rows that the source itself marked as deleted stay in the lake, for the record, and
-- stand in no population. Every other population over cases reads this one. `state` says nothing here: no deadline is involved.
SELECT c.*, c.case_id AS record_id
FROM cases AS c
WHERE c.source_operation IS DISTINCT FROM 'delete'
