-- What the detector stage_inversion looks at besides the cases: the numbers of decisions (决定书文号) with their dates.
--
-- One row a decision dated in the period, of any procedure, with a number. The detector cuts the number at its last run of digits: what
-- is left is the series (unit's mark, year), and inside one unit's series numbers and dates should rise together.
SELECT unit_id, domain, record_id, source_file, source_line, decision_no, decided_on
FROM case_register
WHERE decision_no IS NOT NULL AND decided_on >= day_of($from) AND end_of(decided_on) <= $as_of
