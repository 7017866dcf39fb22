-- /// population
-- title = "两个相邻县同类处罚的裁量位置"
-- grain = "one item and severity on one side of one border"
-- [excluded]
-- too_few = "有一方的同类处罚少于规定件数，偶然性太大"
-- cross_province = "跨省边界，另一方的处罚不在本省"
-- [columns]
-- own_position = "本县平均裁量位置"
-- neighbour_position = "邻县平均裁量位置"
-- ///
--
-- 两个相邻县在 `$from` 以来都有处罚的同一领域、同一事项、同一裁量档次，每县一行；两县各以自己为本县。
-- 裁量位置：罚款在裁量基准幅度内的位置，0为下限，1为上限；只计有裁量基准幅度的处罚案件；
-- 没有罚款金额的没有位置，不计入平均。位置只说明两地罚得是否一样，不说明多或少。
-- 有一方少于参数 `synergy.consistency_minimum_n` 件的，剔除。跨省边界的，剔除。
WITH penalties AS (
  SELECT region, domain, item_code, severity, band_position FROM penalties_in_bands WHERE end_of(decided_on) > $from
),
own_cells AS (
  SELECT region, domain, item_code, severity, avg(band_position) AS own_position, count(*) AS own_cases
  FROM penalties
  GROUP BY region, domain, item_code, severity
),
neighbour_cells AS (
  SELECT region AS neighbour, domain, item_code, severity, avg(band_position) AS neighbour_position, count(*) AS neighbour_cases
  FROM penalties
  GROUP BY region, domain, item_code, severity
),
borders AS (
  SELECT substr(region_a, 1, 6) AS region, substr(region_b, 1, 6) AS neighbour FROM region_adjacency
  UNION ALL
  SELECT substr(region_b, 1, 6), substr(region_a, 1, 6) FROM region_adjacency
),
compared AS (
  SELECT b.region, b.neighbour, o.domain, o.item_code, o.severity, o.own_position, n.neighbour_position, o.own_cases, n.neighbour_cases,
         least(o.own_cases, n.neighbour_cases)
           >= param('synergy.consistency_minimum_n', o.domain, day_of($as_of - INTERVAL '1 second')) AS is_enough,
         substr(b.region, 1, 2) <> substr(b.neighbour, 1, 2) AS is_cross_province
  FROM borders AS b
  JOIN own_cells AS o ON o.region = b.region
  JOIN neighbour_cells AS n ON n.neighbour = b.neighbour AND n.domain = o.domain AND n.item_code = o.item_code AND n.severity = o.severity
)
SELECT region, neighbour, domain, region || ' / ' || neighbour || ' / ' || item_code || CASE WHEN severity <> '' THEN ' / ' || severity ELSE '' END AS record_id,
       CAST(NULL AS VARCHAR) AS source_file, CAST(NULL AS BIGINT) AS source_line, own_position, neighbour_position, own_cases, neighbour_cases,
       CASE WHEN is_cross_province THEN 'cross_province' WHEN NOT is_enough THEN 'too_few' END AS excluded_because,
       CASE WHEN is_cross_province OR NOT is_enough THEN 'excluded' ELSE 'due' END AS state
FROM compared
