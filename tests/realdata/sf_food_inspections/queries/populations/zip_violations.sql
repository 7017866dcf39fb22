-- /// population
-- title = "各邮区检查发现的问题"
-- grain = "one violation"
-- [excluded]
-- no_zip = "经营者没有旧金山的邮政编码，不能归入邮区"
-- [columns]
-- corrected = "已改正"
-- ///
--
-- Every violation in the zip area of the business. One whose correction is not a date counts as corrected: somebody wrote something
-- that a spreadsheet has destroyed. Where the business has no zip of San Francisco the violation is excluded as 'no_zip'.
SELECT CASE WHEN e.region_code IS NULL THEN 'SFDPH' ELSE concat('ZIP-', substr(e.region_code, 2)) END AS unit_id,
       'market' AS domain, v.violation_id AS record_id, v.source_file, v.source_line, v.checked_on,
       v.rectified_on IS NOT NULL OR v.correction_note IS NOT NULL AS corrected,
       CASE WHEN e.region_code IS NULL THEN 'excluded' ELSE 'due' END AS state,
       CASE WHEN e.region_code IS NULL THEN 'no_zip' END AS excluded_because
FROM violations AS v
LEFT JOIN enterprises AS e ON e.credit_code = v.credit_code
