-- /// population
-- title = "行政检查（去除来源已删除的行）"
-- grain = "one inspection that the source has not deleted"
-- ///
--
-- The inspections that any figure may count, with what several populations need of them:
--   act_domain   domain of the act; 'other' where the source left it empty
--   began_at     start of the inspection, or the end of its day where no hour is on record
--   is_onsite    a visit; an inspection without a form is taken as a visit
-- Rows that the source itself marked as deleted stand in no population.
SELECT i.*, i.inspection_id AS record_id,
       coalesce(i.domain, 'other') AS act_domain,
       coalesce(i.checked_from, end_of(i.checked_on)) AS began_at,
       coalesce(i.form, 'onsite') = 'onsite' AS is_onsite
FROM inspections AS i
WHERE i.source_operation IS DISTINCT FROM 'delete'
