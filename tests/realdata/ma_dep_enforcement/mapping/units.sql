-- One town = one unit below the department. Its id is its name, because that is all that an action says of it.
SELECT replace(town, ' ', '_') AS unit_id,
       town AS unit_name,
       'agency' AS unit_kind,
       'eco' AS domain_list,
       'county' AS tier,
       concat('25', lpad(town_id, 4, '0')) AS region_code,
       'MADEP' AS parent_unit_id,
       CASE WHEN CAST(pop2010 AS bigint) < 5000 THEN 'small' WHEN CAST(pop2010 AS bigint) < 20000 THEN 'medium' ELSE 'large' END AS size_class,
       source_line
FROM source
