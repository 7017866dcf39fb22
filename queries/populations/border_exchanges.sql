-- /// population
-- title = "相邻县之间的往来"
-- grain = "one transfer sent or joint patrol organised by one side of a border"
-- [excluded]
-- smaller_direction = "往来较少的一方的往来，用来与较多的一方对照"
-- little_contact = "两县之间往来少于规定件数，不足以看对等"
-- cross_province = "跨省边界，另一方的系统不在本省"
-- [columns]
-- is_returned = "对方有对等的往来"
-- nth = "本方往来的第几件"
-- ///
--
-- `$from` 以来相邻两县之间已经移送的线索和组织的联合巡查，各归移出、组织的一方；由市或省组织的巡查不属于任何一方，不在本口径内。
-- 往来较多的一方的各件（`state` 为 due），按先后编号（`nth`）；另一方有同样多的件数的，即为有对等的往来（`is_returned`）。
-- 因此有对等往来的件数，等于两方件数中较少的；双方相等时，以代码小的一方为较多的一方。
-- 剔除：往来较少的一方的各件；合计少于参数 `synergy.reciprocity_minimum` 件的；跨省边界的。
WITH borders AS (
  SELECT substr(region_a, 1, 6) AS region, substr(region_b, 1, 6) AS neighbour FROM region_adjacency
  UNION ALL
  SELECT substr(region_b, 1, 6), substr(region_a, 1, 6) FROM region_adjacency
),
organised AS (
  SELECT p.record_id, p.source_file, p.source_line, p.unit_id, p.domain, p.patrolled_on, p.region_a, p.region_b, substr(u.region_code, 1, 6) AS organiser
  FROM border_patrols AS p
  JOIN unit_spans AS u ON u.unit_id = p.unit_id AND p.patrolled_on BETWEEN u.valid_from AND u.valid_to
),
sent AS (
  SELECT region, neighbour, from_unit AS unit_id, domain, record_id, source_file, source_line, transferred_on AS happened_on
  FROM cross_region_leads
  WHERE transferred_on IS NOT NULL
  UNION ALL
  SELECT organiser, CASE WHEN organiser = region_a THEN region_b ELSE region_a END, unit_id, domain, record_id, source_file, source_line, patrolled_on
  FROM organised
  WHERE organiser IN (region_a, region_b)
),
counted AS (
  SELECT s.*, least(s.region, s.neighbour) AS region_a, greatest(s.region, s.neighbour) AS region_b,
         row_number() OVER (PARTITION BY s.region, s.neighbour, s.domain ORDER BY s.happened_on, s.record_id) AS nth,
         count(*) OVER (PARTITION BY s.region, s.neighbour, s.domain) AS own_number,
         count(*) OVER (PARTITION BY least(s.region, s.neighbour), greatest(s.region, s.neighbour), s.domain) AS both_numbers
  FROM sent AS s
  JOIN borders AS b ON b.region = s.region AND b.neighbour = s.neighbour
  WHERE end_of(s.happened_on) > $from
),
judged AS (
  SELECT *, nth <= both_numbers - own_number AS is_returned,
         CASE WHEN substr(region, 1, 2) <> substr(neighbour, 1, 2) THEN 'cross_province'
              WHEN both_numbers < param('synergy.reciprocity_minimum', domain, happened_on) THEN 'little_contact'
              WHEN own_number < both_numbers - own_number OR own_number = both_numbers - own_number AND region > neighbour THEN 'smaller_direction'
              END AS excluded_because
  FROM counted
)
SELECT unit_id, domain, record_id, source_file, source_line, region, neighbour, region_a, region_b, happened_on, nth, is_returned, excluded_because,
       CASE WHEN excluded_because IS NULL THEN 'due' ELSE 'excluded' END AS state
FROM judged
