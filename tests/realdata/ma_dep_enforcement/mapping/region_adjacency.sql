-- One pair of touching towns. The file writes the smaller number first, which is also the order of the codes.
SELECT concat('25', lpad(town_id_a, 4, '0')) AS region_a,
       concat('25', lpad(town_id_b, 4, '0')) AS region_b,
       source_line
FROM source
