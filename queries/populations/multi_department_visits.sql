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
-- 对方须是其他部门：名录上只管该次检查这一领域的单位（上下级同一部门、同级同一部门）不算；名录上查不到的，不据此否定。
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
companions AS (
  SELECT record_id, domain, checked_on, companion
  FROM (SELECT record_id, unit_id, domain, checked_on, unnest(joint_units) AS companion FROM enterprise_visits WHERE cardinality(joint_units) > 0) AS v
  WHERE companion <> unit_id
  UNION ALL
  SELECT v.record_id, v.domain, v.checked_on, w.unit_id
  FROM enterprise_visits AS v
  JOIN enterprise_visits AS w ON w.merged_visit_id = v.merged_visit_id AND w.checked_on = v.checked_on AND w.enterprise_code = v.enterprise_code
  WHERE w.unit_id <> v.unit_id
),
partners AS (
  SELECT c.record_id
  FROM companions AS c
  LEFT JOIN unit_spans AS u ON u.unit_id = c.companion AND c.checked_on BETWEEN u.valid_from AND u.valid_to
  WHERE NOT coalesce(array_has(u.domain_list, c.domain) AND cardinality(array_remove(u.domain_list, c.domain)) = 0, false)
  UNION
  SELECT v.record_id
  FROM enterprise_visits AS v
  JOIN enterprise_visits AS w ON w.merged_visit_id = v.merged_visit_id AND w.checked_on = v.checked_on AND w.enterprise_code = v.enterprise_code
  WHERE w.domain <> v.domain
),
-- 以前各日只看最近一次有其他领域检查之日，不逐对比较：一家企业的检查再多，也只按日排一次序。
days AS (
  SELECT *, lag(checked_on) OVER in_order AS day_before, lag(first_domain) OVER in_order AS first_before, lag(last_domain) OVER in_order AS last_before
  FROM (SELECT enterprise_code, checked_on, min(domain) AS first_domain, max(domain) AS last_domain
        FROM enterprise_visits
        WHERE enterprise_code IS NOT NULL AND excluded_because IS NULL
        GROUP BY enterprise_code, checked_on) AS d
  WINDOW in_order AS (PARTITION BY enterprise_code ORDER BY checked_on)
),
runs AS (
  SELECT *, max(CASE WHEN first_domain <> last_domain OR first_before <> first_domain OR last_before <> first_domain THEN day_before END)
              OVER (PARTITION BY enterprise_code ORDER BY checked_on ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before_run
  FROM days
),
other_domains AS (
  SELECT v.record_id
  FROM runs AS d
  JOIN enterprise_visits AS v ON v.enterprise_code = d.enterprise_code AND v.checked_on = d.checked_on
  WHERE v.excluded_because IS NULL
    AND (d.first_domain <> d.last_domain
         OR v.checked_on - CASE WHEN d.first_before = v.domain AND d.last_before = v.domain THEN d.before_run ELSE d.day_before END <= 365)
)
SELECT j.*, j.is_merged OR j.is_on_patrol AS is_joint,
       CASE WHEN j.excluded_because IS NOT NULL THEN 'excluded' WHEN j.is_open THEN 'pending' ELSE 'due' END AS state
FROM (
  SELECT v.unit_id, v.domain, v.record_id, v.source_file, v.source_line, v.checked_on, v.due_at, v.enterprise_code, v.kind,
         p.record_id IS NOT NULL AS is_merged,
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
