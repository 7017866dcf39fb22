-- /// population
-- title = "城市管理领域观察同点位是否重复的诉求"
-- grain = "one 12345 order of city management about a state of things at a place"
-- [excluded]
-- not_complaint = "咨询、建议或者表扬，不是反映问题"
-- [columns]
-- is_repeated = "同点位、同类型又有诉求"
-- ///
--
-- 城市管理领域的12345工单。`due_on`：观察的最后一日，工单生成之日加参数 `repeat_complaint.window_days` 的天数。
-- `is_repeated`：次日起至最后一日（含当日），同一地点、同一分类（都没有分类的，视为相同）又有诉求，不论来电人是谁、派给哪个单位；
-- 或者由本工单重开了工单。同一日的数件是同一次发现，不算重复。从工单生成之日起看，而不是从办结之日起：拖着不办不能躲过。
-- 又有的诉求是咨询、建议、表扬的，不算重复。没有地点的工单看不到重复，仍在分母内，实际的比例只会更高。
WITH orders AS (
  SELECT unit_id, act_domain AS domain, record_id, source_file, source_line, address_hash, coalesce(category_code, '') AS category,
         created_on, reopened_from,
         created_on + CAST(param('repeat_complaint.window_days', act_domain, created_on) AS INT) AS due_on,
         CASE WHEN kind IN ('consult', 'suggestion', 'praise') THEN 'not_complaint' END AS excluded_because
  FROM hotline_register
  WHERE act_domain = 'urban' AND end_of(created_on) <= $as_of
),
repeated AS (
  SELECT o.record_id
  FROM orders AS o
  JOIN orders AS r ON r.address_hash = o.address_hash AND r.category = o.category
  WHERE r.excluded_because IS NULL AND r.created_on > o.created_on AND r.created_on <= o.due_on
  UNION
  SELECT o.record_id
  FROM orders AS o
  JOIN orders AS r ON r.reopened_from = o.record_id
  WHERE r.created_on <= o.due_on
)
SELECT o.unit_id, o.domain, o.record_id, o.source_file, o.source_line, o.created_on, o.due_on, r.record_id IS NOT NULL AS is_repeated,
       o.excluded_because,
       CASE WHEN o.excluded_because IS NOT NULL THEN 'excluded' WHEN end_of(o.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM orders AS o
LEFT JOIN repeated AS r ON r.record_id = o.record_id
