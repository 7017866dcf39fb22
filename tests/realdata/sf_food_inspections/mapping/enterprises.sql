-- One business = one enterprise; its number stands where a 统一社会信用代码 would (and is counted as a code of the wrong length).
-- A zip that is none of San Francisco's leaves the region empty.
SELECT business_id AS credit_code,
       name,
       'true' AS food_operator,
       CASE WHEN regexp_like(postal_code, '^941\d{2}$') THEN concat('0', postal_code) END AS region_code,
       source_line
FROM source
