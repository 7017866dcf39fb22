-- /// population
-- title = "各邮区的检查"
-- grain = "one inspection"
-- [excluded]
-- no_zip = "经营者没有旧金山的邮政编码，不能归入邮区"
-- ///
--
-- Every inspection with its grade, in the zip area of the business. Where the business has no zip of San Francisco the inspection
-- stands with the department, excluded as 'no_zip'.
SELECT CASE WHEN e.region_code IS NULL THEN 'SFDPH' ELSE concat('ZIP-', substr(e.region_code, 2)) END AS unit_id,
       i.domain, i.inspection_id AS record_id, i.source_file, i.source_line, i.checked_on, s.score, s.grade,
       CASE WHEN e.region_code IS NULL THEN 'excluded' ELSE 'due' END AS state,
       CASE WHEN e.region_code IS NULL THEN 'no_zip' END AS excluded_because
FROM inspections AS i
JOIN inspection_scores AS s ON s.inspection_id = i.inspection_id
LEFT JOIN enterprises AS e ON e.credit_code = i.credit_code
