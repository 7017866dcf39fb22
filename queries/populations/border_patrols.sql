-- /// population
-- title = "两地之间的联合巡查"
-- grain = "one joint patrol at a border between two regions"
-- [excluded]
-- cross_province = "跨省边界，另一方的系统不在本省，看不到其记录"
-- [columns]
-- is_valid = "有效联合巡查"
-- is_matched = "双方记录吻合"
-- ///
--
-- 截至数据截止时点已开展的边界巡查，以及写明两个不同区划的其他联合巡查；归组织单位。没有填写领域的，为其他（other）。
-- `region_a`、`region_b`：双方所在的县，代码小的在前。没有写明区划的照样在内：无从证明双方参加，既不有效，也不吻合。
-- `recorded_by_a`、`recorded_by_b`：该方有单位在本单位系统留有记录，且参加人数不少于参数 `synergy.patrol_minimum_officers`。
-- 参加单位的区划，没有填写的，以巡查当日有效的名录为准。
-- `is_valid`：双方都有记录，且组织单位所记的起止时间不短于参数 `synergy.patrol_minimum_minutes`；没有起止时间的，不是有效巡查。
-- 地点以记录为准：没有边界的几何数据，不核对定位。
-- `is_matched`：双方各有一条记录，其开始时间相差不超过参数 `synergy.match_tolerance`，结束时间都有的也不超过；没有所记时间的，不吻合。
WITH patrols AS (
  SELECT patrol_id, organiser_unit, coalesce(domain, 'other') AS domain, patrolled_on, source_file, source_line,
         least(substr(region_a, 1, 6), substr(region_b, 1, 6)) AS region_a, greatest(substr(region_a, 1, 6), substr(region_b, 1, 6)) AS region_b,
         CASE WHEN to_at >= from_at THEN CAST((CAST(to_at AS BIGINT) - CAST(from_at AS BIGINT)) / 60000000 AS BIGINT) END AS minutes
  FROM joint_patrols
  WHERE end_of(patrolled_on) <= $as_of AND (kind = 'border' OR substr(region_a, 1, 6) <> substr(region_b, 1, 6))
),
parts AS (
  SELECT j.patrol_id, j.region_a, j.region_b, coalesce(substr(p.region_code, 1, 6), substr(u.region_code, 1, 6)) AS region,
         CAST(p.recorded_from_at AS BIGINT) AS began, CAST(p.recorded_to_at AS BIGINT) AS ended,
         CAST(param('synergy.match_tolerance', j.domain, j.patrolled_on) AS BIGINT) * 3600000000 AS tolerance
  FROM joint_patrol_participants AS p
  JOIN patrols AS j ON j.patrol_id = p.patrol_id
  LEFT JOIN unit_spans AS u ON u.unit_id = p.unit_id AND p.patrolled_on BETWEEN u.valid_from AND u.valid_to
  WHERE p.recorded_own_system AND p.officers >= param('synergy.patrol_minimum_officers', j.domain, j.patrolled_on)
),
sides AS (
  SELECT patrol_id, bool_or(region = region_a) AS recorded_by_a, bool_or(region = region_b) AS recorded_by_b
  FROM parts
  GROUP BY patrol_id
),
matches AS (
  SELECT a.patrol_id,
         bool_or(abs(a.began - b.began) <= a.tolerance AND coalesce(abs(a.ended - b.ended) <= a.tolerance, true)) AS is_matched
  FROM parts AS a
  JOIN parts AS b ON b.patrol_id = a.patrol_id
  WHERE a.region = a.region_a AND b.region = b.region_b
  GROUP BY a.patrol_id
)
SELECT j.organiser_unit AS unit_id, j.domain, j.patrol_id AS record_id, j.source_file, j.source_line, j.region_a, j.region_b, j.patrolled_on, j.minutes,
       coalesce(s.recorded_by_a, false) AS recorded_by_a, coalesce(s.recorded_by_b, false) AS recorded_by_b,
       coalesce(s.recorded_by_a AND s.recorded_by_b AND j.minutes >= param('synergy.patrol_minimum_minutes', j.domain, j.patrolled_on), false) AS is_valid,
       coalesce(m.is_matched, false) AS is_matched,
       CASE WHEN substr(j.region_a, 1, 2) <> substr(j.region_b, 1, 2) THEN 'cross_province' END AS excluded_because,
       CASE WHEN substr(j.region_a, 1, 2) <> substr(j.region_b, 1, 2) THEN 'excluded' ELSE 'due' END AS state
FROM patrols AS j
LEFT JOIN sides AS s ON s.patrol_id = j.patrol_id
LEFT JOIN matches AS m ON m.patrol_id = j.patrol_id
