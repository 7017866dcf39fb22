-- /// population
-- title = "对多部门监管对象的入企检查"
-- grain = "one inspection"
-- [excluded]
-- case_driven = "因投诉、交办、突发事件等启动并按期备案，等不得合并"
-- single_department = "只由一个部门监管的企业"
-- [columns]
-- is_merged = "与其他部门一并检查"
-- is_joint = "跨部门联合执法"
-- ///
--
-- 各次入企检查（见 `enterprise_visits`）及其是否与其他部门一并进行。
-- 多部门监管对象：企业名录注明的；名录没有注明的，为检查当日及此前一年内另一领域也检查过的企业。
-- 没有企业代码的，名录上查不到的，无从证明只由一个部门监管，照样计入：代码缺漏不使检查退出分母。
-- `is_merged`：记录了一并检查的其他单位；或者同日对同一企业，另一单位（或本单位另一领域）有同一任务编号的检查。
-- 仅有“综合查一次”之名、没有其他单位的，不算。对方是否也有记录，来源多不报送，不作要求。
-- `is_joint`：一并检查的；或者检查开始时本单位正参加跨部门的联合巡查，而且至少两个参加单位在各自系统中有记录。
-- 因投诉、交办、突发事件等启动并按期备案的，予以剔除；突发事件检查补办时限未满又没有补办的，未到期。
WITH patrols AS (
  SELECT p.patrol_id, p.patrolled_on, p.from_at, p.to_at
  FROM joint_patrols AS p
  JOIN joint_patrol_participants AS u ON u.patrol_id = p.patrol_id AND u.recorded_own_system
  WHERE p.kind = 'department'
  GROUP BY p.patrol_id, p.patrolled_on, p.from_at, p.to_at
  HAVING count(DISTINCT u.unit_id) >= 2
),
on_patrol AS (
  SELECT DISTINCT v.record_id
  FROM enterprise_visits AS v
  JOIN joint_patrol_participants AS u ON u.unit_id = v.unit_id AND u.recorded_own_system
  JOIN patrols AS p ON p.patrol_id = u.patrol_id AND p.patrolled_on = v.checked_on
  WHERE coalesce(p.from_at <= v.began_at, true) AND coalesce(v.began_at <= p.to_at, true)
),
partners AS (
  SELECT DISTINCT v.record_id
  FROM enterprise_visits AS v
  JOIN enterprise_visits AS w ON w.merged_visit_id = v.merged_visit_id AND w.checked_on = v.checked_on AND w.enterprise_code = v.enterprise_code
  WHERE (w.unit_id <> v.unit_id OR w.domain <> v.domain)
),
other_domains AS (
  SELECT DISTINCT v.record_id
  FROM enterprise_visits AS v
  JOIN enterprise_visits AS w ON w.enterprise_code = v.enterprise_code
  WHERE w.domain <> v.domain AND v.checked_on - w.checked_on BETWEEN 0 AND 365
    AND v.excluded_because IS NULL AND w.excluded_because IS NULL
)
SELECT j.*, j.is_merged OR j.is_on_patrol AS is_joint,
       CASE WHEN j.excluded_because IS NOT NULL THEN 'excluded' WHEN j.is_open THEN 'pending' ELSE 'due' END AS state
FROM (
  SELECT v.unit_id, v.domain, v.record_id, v.source_file, v.source_line, v.checked_on, v.due_at, v.enterprise_code, v.kind,
         coalesce(cardinality(array_remove(v.joint_units, v.unit_id)) > 0, false) OR p.record_id IS NOT NULL AS is_merged,
         t.record_id IS NOT NULL AS is_on_patrol,
         v.state = 'pending' AS is_open,
         CASE WHEN v.excluded_because IS NOT NULL THEN v.excluded_because
              WHEN v.is_case_driven THEN 'case_driven'
              WHEN e.credit_code IS NOT NULL AND NOT coalesce(e.multi_department, o.record_id IS NOT NULL) THEN 'single_department' END AS excluded_because
  FROM enterprise_visits AS v
  LEFT JOIN enterprise_spans AS e ON e.credit_code = v.enterprise_code AND v.checked_on BETWEEN e.valid_from AND e.valid_to
  LEFT JOIN partners AS p ON p.record_id = v.record_id
  LEFT JOIN other_domains AS o ON o.record_id = v.record_id
  LEFT JOIN on_patrol AS t ON t.record_id = v.record_id
) AS j
