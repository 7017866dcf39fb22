-- One town = one region: 25 (the state) and the town's number, so that the code has the six digits that the contract expects.
SELECT concat('25', lpad(town_id, 4, '0')) AS region_code,
       '2010' AS version_year,
       town AS name,
       'county' AS level,
       '250000' AS parent_code,
       pop2010 AS population,
       source_line
FROM source
