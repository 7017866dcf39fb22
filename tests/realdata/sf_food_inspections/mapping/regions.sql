-- One zip area = one region. A 0 before the zip gives the six digits that the contract expects.
SELECT concat('0', postal_code) AS region_code,
       '2018' AS version_year,
       concat('ZIP ', postal_code) AS name,
       'county' AS level,
       '060750' AS parent_code,
       min(source_line) AS source_line
FROM source
WHERE regexp_like(postal_code, '^941\d{2}$')
GROUP BY postal_code
