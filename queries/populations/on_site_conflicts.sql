-- /// population
-- title = "现场执法冲突"
-- grain = "one recorded dispute on the spot"
-- ///
--
-- Disputes of city management recorded by the as-of date. `is_resolved` = ended by persuasion or guidance, nobody hurt: a dispute
-- with an injury or with the police called in never counts as resolved, and neither does one whose ending is not on record.
SELECT unit_id, domain, conflict_id AS record_id, source_file, source_line, happened_on, 'due' AS state,
       CAST(NULL AS VARCHAR) AS excluded_because,
       coalesce(resolved_by IN ('persuasion', 'guidance'), false) AND NOT coalesce(injury, false) AS is_resolved
FROM conflicts
WHERE domain = 'urban' AND end_of(happened_on) <= $as_of
