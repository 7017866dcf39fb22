-- One zip area = one unit: the first business of the area stands for it, the other rows are filtered.
-- Blank zips and those that are not five digits beginning with 941 (CA, 00000, 941102019, 64110 …) make no unit.
SELECT concat('ZIP-', postal_code) AS unit_id,
       concat('ZIP ', postal_code) AS unit_name,
       'agency' AS unit_kind,
       'market' AS domain_list,
       'county' AS tier,
       concat('0', postal_code) AS region_code,
       'SFDPH' AS parent_unit_id,
       CASE WHEN count(*) < 100 THEN 'small' WHEN count(*) < 250 THEN 'medium' ELSE 'large' END AS size_class,
       min(source_line) AS source_line
FROM source
WHERE regexp_like(postal_code, '^941\d{2}$')
GROUP BY postal_code
