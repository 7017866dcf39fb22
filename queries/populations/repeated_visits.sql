-- /// population
-- title = "入企检查是否与其他单位重复"
-- grain = "one inspection of an enterprise in the window"
-- [excluded]
-- case_driven = "因投诉、交办、突发事件等启动并按期备案，不算重复检查"
-- [columns]
-- is_repeat = "短期内其他单位检查过同一企业"
-- is_cross_tier = "不同层级就同一事项重复检查"
-- ///
--
-- `$from` 以来的入企检查（见 `enterprise_visits`），是否重复了此前其他单位的检查。被检查的企业（`enterprise_key`）依 `counted_visits` 认定。
-- `is_repeat`：当日及此前 `inspection.repeat_window_days` 天之内，另一单位检查过同一企业，两次没有一并进行。同日的，以开始在后的为重复。
-- `is_cross_tier`：当日及此前 `inspection.cross_tier_window_days` 天之内，不同层级的另一单位就同一事项（事项编码或者监管事项目录编码相同）
-- 检查过同一企业，两次没有一并进行。
-- 一并进行：同一日，任务编号相同，或者任何一方记录了另一方。此前的检查不受 `$from` 的限制，年初的检查同样看上年年底。
-- 重复归于后去的单位：此前的检查它可以查到。没有企业代码的检查，不能与其他单位的检查对照，只在分母。
-- 因投诉、交办、突发事件等启动并按期备案的，既不算重复，也不使别人重复，予以剔除；自报而没有备案的照样计入。
WITH visits AS (
  SELECT v.unit_id, v.domain, v.record_id, v.source_file, v.source_line, v.enterprise_code, v.item_code, v.supervise_item_code,
         v.checked_on, v.began_at, v.merged_visit_id, v.joint_units, v.state = 'pending' AS is_open, u.tier,
         CASE WHEN v.excluded_because IS NOT NULL THEN v.excluded_because WHEN v.is_case_driven THEN 'case_driven' END AS excluded_because
  FROM enterprise_visits AS v
  LEFT JOIN unit_spans AS u ON u.unit_id = v.unit_id AND v.checked_on BETWEEN u.valid_from AND u.valid_to
),
pairs AS (
  SELECT v.record_id, v.checked_on - p.checked_on AS days_between, v.domain, v.checked_on,
         coalesce(v.tier <> p.tier, false)
           AND (coalesce(v.item_code = p.item_code, false) OR coalesce(v.supervise_item_code = p.supervise_item_code, false)) AS is_cross_tier
  FROM visits AS v
  JOIN visits AS p ON p.enterprise_code = v.enterprise_code
  WHERE p.unit_id <> v.unit_id AND v.excluded_because IS NULL AND p.excluded_because IS NULL
    AND (p.began_at < v.began_at OR (p.began_at = v.began_at AND p.record_id < v.record_id))
    AND NOT (p.checked_on = v.checked_on
             AND (coalesce(p.merged_visit_id = v.merged_visit_id, false)
                  OR coalesce(array_has(p.joint_units, v.unit_id), false)
                  OR coalesce(array_has(v.joint_units, p.unit_id), false)))
),
found AS (
  SELECT record_id,
         bool_or(days_between <= param('inspection.repeat_window_days', domain, checked_on)) AS is_repeat,
         bool_or(is_cross_tier AND days_between <= param('inspection.cross_tier_window_days', domain, checked_on)) AS is_cross_tier
  FROM pairs
  GROUP BY record_id
)
SELECT v.unit_id, v.domain, v.record_id, v.source_file, v.source_line, c.enterprise_key, v.checked_on, v.began_at AS due_at, v.tier,
       coalesce(f.is_repeat, false) AS is_repeat, coalesce(f.is_cross_tier, false) AS is_cross_tier, v.excluded_because,
       CASE WHEN v.excluded_because IS NOT NULL THEN 'excluded' WHEN v.is_open THEN 'pending' ELSE 'due' END AS state
FROM visits AS v
JOIN counted_visits AS c ON c.record_id = v.record_id
LEFT JOIN found AS f ON f.record_id = v.record_id
