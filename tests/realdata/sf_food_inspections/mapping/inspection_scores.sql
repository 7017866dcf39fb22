-- One row = the score of one inspection. Key as in inspections.sql, grade as in the city's legend.csv.
SELECT concat(business_id, '-', "date", '-', type, '-', score) AS inspection_id,
       "date" AS checked_on,
       score,
       CASE WHEN CAST(score AS bigint) <= 70 THEN 'poor' WHEN CAST(score AS bigint) <= 85 THEN 'needs_improvement'
            WHEN CAST(score AS bigint) <= 90 THEN 'adequate' ELSE 'good' END AS grade,
       source_line
FROM source
