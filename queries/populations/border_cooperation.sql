-- /// population
-- title = "相邻县的边界及其协作"
-- grain = "one border between two counties, once for each area that it touches: either county, its city, the province"
-- [excluded]
-- cross_province = "跨省边界，另一方的系统不在本省"
-- [columns]
-- has_agreement = "有有效的协作协议"
-- has_act = "有协议领域内的协作"
-- is_covered = "有协议且有协作"
-- ///
--
-- 相邻县之间的每条边界，对其涉及的每个地区（双方各县、所在的市、省）各一行；市内部的边界对该市只为一行。
-- `has_agreement`：数据截止日有效的边界协作协议（`agreements`）；只在相邻关系中写有协议编号、协议表中没有的，以其生效日为准，领域不限。
-- `has_act`：`$from` 以来，协议所涉领域内，有过一次有效联合巡查、一次已经移送的线索，或者一次已经答复的协查。
-- 因此只签协议、没有往来的，有往来、没有协议的，都不是覆盖。往来再多也只算一次。
-- 跨省边界的剔除。
WITH borders AS (
  SELECT substr(region_a, 1, 6) AS region_a, substr(region_b, 1, 6) AS region_b, agreement_no, agreement_from, source_file, source_line
  FROM region_adjacency
),
acts AS (
  SELECT region_a, region_b, domain FROM border_patrols WHERE is_valid AND end_of(patrolled_on) > $from
  UNION
  SELECT least(region, neighbour), greatest(region, neighbour), domain FROM border_duties
  WHERE duty IN ('hand_over', 'answer_request') AND end_of(done_on) > $from
),
in_force AS (
  SELECT least(substr(region_a, 1, 6), substr(region_b, 1, 6)) AS region_a, greatest(substr(region_a, 1, 6), substr(region_b, 1, 6)) AS region_b,
         domains
  FROM agreements
  WHERE day_of($as_of - INTERVAL '1 second') BETWEEN valid_from AND coalesce(valid_to, DATE '9999-12-31')
  UNION ALL
  SELECT b.region_a, b.region_b, CAST(NULL AS VARCHAR[])
  FROM borders AS b
  LEFT JOIN (SELECT DISTINCT agreement_no FROM agreements WHERE agreement_no IS NOT NULL) AS k ON k.agreement_no = b.agreement_no
  WHERE b.agreement_no IS NOT NULL AND k.agreement_no IS NULL AND end_of(b.agreement_from) <= $as_of
),
cooperation AS (
  SELECT f.region_a, f.region_b, count(a.domain) > 0 AS has_act
  FROM in_force AS f
  LEFT JOIN acts AS a ON a.region_a = f.region_a AND a.region_b = f.region_b AND (coalesce(cardinality(f.domains), 0) = 0 OR array_has(f.domains, a.domain))
  GROUP BY f.region_a, f.region_b
),
own_provinces AS (
  SELECT DISTINCT substr(region_code, 1, 2) AS digits FROM unit_spans
),
areas AS (
  SELECT *, unnest(array_distinct(make_array(region_a, region_b, substr(region_a, 1, 4) || '00', substr(region_b, 1, 4) || '00',
                                             substr(region_a, 1, 2) || '0000', substr(region_b, 1, 2) || '0000'))) AS region_code
  FROM borders
)
SELECT a.region_code, '' AS domain, a.region_a || ' / ' || a.region_b AS record_id, a.source_file, a.source_line, a.region_a, a.region_b,
       c.region_a IS NOT NULL AS has_agreement, coalesce(c.has_act, false) AS has_act, coalesce(c.has_act, false) AS is_covered,
       CASE WHEN substr(a.region_a, 1, 2) <> substr(a.region_b, 1, 2) THEN 'cross_province' END AS excluded_because,
       CASE WHEN substr(a.region_a, 1, 2) <> substr(a.region_b, 1, 2) THEN 'excluded' ELSE 'due' END AS state
FROM areas AS a
JOIN own_provinces AS o ON o.digits = substr(a.region_code, 1, 2)
LEFT JOIN cooperation AS c ON c.region_a = a.region_a AND c.region_b = a.region_b
