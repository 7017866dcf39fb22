-- /// population
-- title = "执法主体之上的市级执法主体"
-- grain = "one unit, by its last row of the register"
-- ///
--
-- `city_unit_id`：本身（市级主体），或者上级、上级的上级中的市级主体；上面没有市级主体的（省级主体、省直管的县）为空。
-- 已经撤并的主体，以其最后一行为准。
WITH latest AS (
  SELECT unit_id, tier, parent_unit_id
  FROM (
    SELECT *, row_number() OVER (PARTITION BY unit_id ORDER BY valid_from DESC) AS nth
    FROM unit_spans
    WHERE end_of(valid_from) <= $as_of
  ) AS s
  WHERE nth = 1
)
SELECT u.unit_id, u.tier, CASE WHEN u.tier = 'city' THEN u.unit_id WHEN p.tier = 'city' THEN p.unit_id WHEN g.tier = 'city' THEN g.unit_id END AS city_unit_id
FROM latest AS u
LEFT JOIN latest AS p ON p.unit_id = u.parent_unit_id
LEFT JOIN latest AS g ON g.unit_id = p.parent_unit_id
