-- /// population
-- title = "移送人民调解的轻微行政争议"
-- grain = "one minor administrative dispute referred to people's mediation"
-- ///
--
-- Disputes whose mediation was closed by the as-of date. `is_resolved` = an agreement, with its date on record by the closing date.
SELECT unit_id, coalesce(domain, 'other') AS domain, mediation_id AS record_id, source_file, source_line, referred_on, closed_on, 'due' AS state,
       CAST(NULL AS VARCHAR) AS excluded_because,
       coalesce(result = 'agreed' AND agreement_on <= closed_on, false) AS is_resolved
FROM mediation_records
WHERE end_of(closed_on) <= $as_of
