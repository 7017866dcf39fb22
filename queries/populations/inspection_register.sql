-- /// population
-- title = "行政检查（去除来源已删除的行）"
-- grain = "one inspection that the source has not deleted"
-- ///
--
-- The inspections that any figure may count, with what several populations need of them:
--   act_domain        domain of the act; 'other' where the source left it empty
--   enterprise_code   the object's USCC: credit_code, or a party_code that has the form of an enterprise's USCC (91, 92, 93 …)
--   began_at          start of the visit; the last second of its day where no hour is on record
--   is_onsite         a visit (入企); an inspection without a form is taken as one
-- Rows that the source itself marked as deleted stand in no population.
SELECT i.*, i.inspection_id AS record_id,
       coalesce(i.domain, 'other') AS act_domain,
       coalesce(i.credit_code, CASE WHEN length(i.party_code) = 18 AND substr(i.party_code, 1, 2) IN ('91', '92', '93')
                                    THEN i.party_code END) AS enterprise_code,
       coalesce(i.checked_from, end_of(i.checked_on) - INTERVAL '1 second') AS began_at,
       coalesce(i.form, 'onsite') = 'onsite' AS is_onsite
FROM inspections AS i
WHERE i.source_operation IS DISTINCT FROM 'delete'
