-- /// population
-- title = "与此前其他单位的检查重复的全部入企检查"
-- grain = "one inspection that repeats an earlier one of another unit"
-- [columns]
-- is_repeat = "短期内其他单位检查过同一企业"
-- is_cross_tier = "不同层级就同一事项重复检查"
-- ///
--
-- 全部入企检查（见 `visits_of_all_dates`）中与此前其他单位的检查重复的，不论数据截止日：此前的检查在那次检查时已经实施，各截止日比对的结果都一样。
-- `is_repeat`：当日及此前 `inspection.repeat_window_days` 天之内，另一单位检查过同一企业，两次没有一并进行。同日的，以开始在后的为重复。
-- `is_cross_tier`：当日及此前 `inspection.cross_tier_window_days` 天之内，不同层级的另一单位就同一事项（事项编码或者监管事项目录编码相同）
-- 检查过同一企业，两次没有一并进行。
-- 一并进行：同一日，任务编号相同，或者任何一方记录了另一方。层级依检查当日的名录，当日不在名录的没有层级；单位自己升格降格，不是另一单位。
-- 以前各日只看最近一次有其他单位（层级）检查之日，不逐对比较：一家企业的检查再多，也只按日排一次序。
-- 没有企业代码的检查，不能与其他单位的检查对照。因投诉、交办、突发事件等启动并按期备案的，既不算重复，也不使别人重复。
WITH raised AS (
  SELECT unit_id FROM unit_spans GROUP BY unit_id HAVING min(tier) <> max(tier)
),
visits AS (
  SELECT v.record_id, v.unit_id, v.domain, v.enterprise_code, v.item_code, v.supervise_item_code, v.checked_on, v.began_at, v.merged_visit_id,
         v.joint_units, u.tier, r.unit_id IS NOT NULL AS is_of_raised
  FROM raised AS r
  RIGHT JOIN (unit_spans AS u RIGHT JOIN visits_of_all_dates AS v ON v.unit_id = u.unit_id AND v.checked_on BETWEEN u.valid_from AND u.valid_to)
    ON r.unit_id = v.unit_id
  WHERE v.enterprise_code IS NOT NULL AND v.excluded_because IS NULL AND NOT v.is_case_driven
),
compared AS (
  SELECT 'unit' AS by, enterprise_code, '' AS matter, checked_on, unit_id AS visitor, record_id, domain, false AS is_of_raised FROM visits
  UNION ALL
  SELECT 'tier', enterprise_code, 'item ' || item_code, checked_on, tier, record_id, domain, is_of_raised
  FROM visits
  WHERE item_code IS NOT NULL AND tier IS NOT NULL
  UNION ALL
  SELECT 'tier', enterprise_code, 'supervised ' || supervise_item_code, checked_on, tier, record_id, domain, is_of_raised
  FROM visits
  WHERE supervise_item_code IS NOT NULL AND tier IS NOT NULL
),
days AS (
  SELECT *, lag(checked_on) OVER in_order AS day_before, lag(first_visitor) OVER in_order AS first_before, lag(last_visitor) OVER in_order AS last_before
  FROM (SELECT by, enterprise_code, matter, checked_on, min(visitor) AS first_visitor, max(visitor) AS last_visitor FROM compared GROUP BY 1, 2, 3, 4) AS d
  WINDOW in_order AS (PARTITION BY by, enterprise_code, matter ORDER BY checked_on)
),
runs AS (
  SELECT *, max(CASE WHEN first_visitor <> last_visitor OR first_before <> first_visitor OR last_before <> first_visitor THEN day_before END)
              OVER (PARTITION BY by, enterprise_code, matter ORDER BY checked_on ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before_run
  FROM days
),
earlier AS (
  SELECT c.record_id, c.by, c.domain, c.checked_on,
         c.checked_on - CASE WHEN d.first_before = c.visitor AND d.last_before = c.visitor THEN d.before_run ELSE d.day_before END AS days_between
  FROM runs AS d
  JOIN compared AS c ON c.by = d.by AND c.enterprise_code = d.enterprise_code AND c.matter = d.matter AND c.checked_on = d.checked_on
  WHERE d.day_before IS NOT NULL AND NOT c.is_of_raised
),
found AS (
  SELECT record_id, by
  FROM earlier
  WHERE days_between <= CASE by WHEN 'unit' THEN param('inspection.repeat_window_days', domain, checked_on)
                                ELSE param('inspection.cross_tier_window_days', domain, checked_on) END
  UNION ALL
  -- 单位自己有过数个层级的，另一层级可能是它自己，逐对比较。
  SELECT v.record_id, 'tier'
  FROM visits AS v
  JOIN visits AS p ON p.enterprise_code = v.enterprise_code
  WHERE v.is_of_raised AND p.unit_id <> v.unit_id AND p.tier <> v.tier AND p.checked_on < v.checked_on
    AND (coalesce(v.item_code = p.item_code, false) OR coalesce(v.supervise_item_code = p.supervise_item_code, false))
    AND v.checked_on - p.checked_on <= param('inspection.cross_tier_window_days', v.domain, v.checked_on)
  UNION ALL
  SELECT v.record_id, unnest(CASE WHEN v.tier <> p.tier AND (coalesce(v.item_code = p.item_code, false) OR coalesce(v.supervise_item_code = p.supervise_item_code, false))
                                  THEN make_array('unit', 'tier') ELSE make_array('unit') END)
  FROM visits AS v
  JOIN visits AS p ON p.enterprise_code = v.enterprise_code AND p.checked_on = v.checked_on
  WHERE p.unit_id <> v.unit_id AND (p.began_at < v.began_at OR (p.began_at = v.began_at AND p.record_id < v.record_id))
    AND NOT (coalesce(p.merged_visit_id = v.merged_visit_id, false)
             OR coalesce(array_has(p.joint_units, v.unit_id), false)
             OR coalesce(array_has(v.joint_units, p.unit_id), false))
)
SELECT record_id, bool_or(by = 'unit') AS is_repeat, bool_or(by = 'tier') AS is_cross_tier
FROM found
GROUP BY record_id
