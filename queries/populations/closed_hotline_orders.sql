-- /// population
-- title = "办结后观察是否重复来电的热线工单"
-- grain = "one closed 12345 order"
-- [columns]
-- is_repeated = "办结后重办或者重复来电"
-- ///
--
-- 已办结的12345工单，不论是否与行政执法有关。`due_on`：观察的最后一日，办结之日加参数 `hotline.repeat_window_days` 的天数。
-- `is_repeated`：最后一日之前（含当日）由本工单重开了工单；或者同一来电人在本工单办结之后又来电，分类相同（都没有分类的，视为相同）。
-- 重办、重复的工单派给哪个单位都算：归于先办结的单位。没有来电人散列的工单只看得到重办，仍在分母内，实际的比例只会更高。
-- 诉求合理与否都在内：不合理的诉求同样要解释清楚，认定不合理不能使工单退出分母。没有剔除项。
WITH closed AS (
  SELECT unit_id, act_domain AS domain, record_id, source_file, source_line, caller_hash, coalesce(category_code, '') AS category, closed_at,
         day_of(closed_at) + CAST(param('hotline.repeat_window_days', act_domain, day_of(closed_at)) AS INT) AS due_on
  FROM hotline_register
  WHERE closed_at < $as_of
),
calls AS (
  SELECT record_id, caller_hash, coalesce(category_code, '') AS category, began_at, reopened_from
  FROM hotline_register
  WHERE began_at < $as_of
),
repeated AS (
  SELECT c.record_id
  FROM closed AS c
  JOIN calls AS r ON r.reopened_from = c.record_id
  WHERE r.began_at < end_of(c.due_on)
  UNION
  SELECT c.record_id
  FROM closed AS c
  JOIN calls AS r ON r.caller_hash = c.caller_hash AND r.category = c.category
  WHERE r.began_at > c.closed_at AND r.began_at < end_of(c.due_on)
)
SELECT c.unit_id, c.domain, c.record_id, c.source_file, c.source_line, c.due_on, r.record_id IS NOT NULL AS is_repeated,
       CAST(NULL AS VARCHAR) AS excluded_because, CASE WHEN end_of(c.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM closed AS c
LEFT JOIN repeated AS r ON r.record_id = c.record_id
