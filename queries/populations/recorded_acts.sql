-- /// population
-- title = "案件和检查的录入与修改"
-- grain = "one case or one inspection"
-- [columns]
-- last_event_on = "记录中最后一个事项的日期"
-- is_bulk_load = "随批量装载录入"
-- is_bulk_update = "随批量更新修改"
-- ///
--
-- 截至数据截止日已经发生、已经录入的案件（按 `opened_on`）和检查。
-- `last_event_on`：立案、调查、决定、送达、履行、结案、移送，或者检查、备案、扫码、公开、整改、复查中最后一个日期。
-- `is_bulk_load`：同一来源批次（`source_batch`）在一分钟之内为不少于规定数的单位录入不少于规定数的行，并且不少于平常一分钟行数
--   （各批次各分钟行数的中位数；有录入的分钟太少的，看不出平常，不看倍数）的规定倍数（参数 `finding.migration.*`），是数据迁移或集中上报；`is_bulk_update` 依修改时间同样判断。
--   大省每分钟都有几十行，平常的流量不是迁移；每日一批导入的，一批也只是平常。单位自己的批量上报不在此列：
--   一个单位超过一批一分钟行数的规定份额、别家都只有几行的（规定数以下），仍是它自己的。
-- `is_closed`：案件已经结案；检查一律为是。
WITH acts AS (
  SELECT 'cases' AS source_table, unit_id, domain, record_id, source_file, source_line, source_batch, opened_on AS event_on,
         greatest(opened_on, filed_on, investigated_on, decided_on, delivered_on, performed_on, closed_on, day_of(transferred_at)) AS last_event_on,
         coalesce(end_of(closed_on) <= $as_of, false) AS is_closed, created_at, updated_at
  FROM case_register
  WHERE end_of(opened_on) <= $as_of AND coalesce(created_at < $as_of, true)
  UNION ALL
  SELECT 'inspections', unit_id, act_domain, record_id, source_file, source_line, source_batch, checked_on,
         greatest(checked_on, day_of(filed_at), day_of(scanned_at), day_of(published_at), day_of(rectified_at), first_recheck_on), true, created_at, updated_at
  FROM inspection_register
  WHERE end_of(checked_on) <= $as_of AND coalesce(created_at < $as_of, true)
),
entries AS (
  SELECT source_table, source_batch, unit_id, 'load' AS entry, date_trunc('minute', created_at) AS at_minute FROM acts WHERE created_at IS NOT NULL
  UNION ALL
  SELECT source_table, source_batch, unit_id, 'update', date_trunc('minute', updated_at) FROM acts WHERE updated_at IS NOT NULL
),
minutes AS (
  SELECT source_table, source_batch, entry, at_minute, count(*) AS rows_entered
  FROM entries
  GROUP BY source_table, source_batch, entry, at_minute
),
large AS (
  SELECT m.source_table, m.source_batch, m.entry, m.at_minute
  FROM (SELECT source_table, entry, CASE WHEN count(*) >= param('finding.migration.minutes', 'other', day_of($as_of - INTERVAL '1 second')) THEN median(rows_entered) ELSE 0 END AS rows_entered
        FROM minutes
        GROUP BY source_table, entry) AS u
  JOIN minutes AS m ON u.source_table = m.source_table AND u.entry = m.entry
  WHERE m.source_batch IS NOT NULL
    AND m.rows_entered >= param('finding.migration.rows', 'other', day_of($as_of - INTERVAL '1 second'))
    AND m.rows_entered >= u.rows_entered * param('finding.migration.times', 'other', day_of($as_of - INTERVAL '1 second'))
),
bulk AS (
  SELECT source_table, source_batch, entry, at_minute
  FROM (SELECT e.source_table, e.source_batch, e.entry, e.at_minute, e.unit_id, count(*) AS rows_of_unit
        FROM large AS l
        JOIN entries AS e ON e.source_batch = l.source_batch AND e.at_minute = l.at_minute AND e.source_table = l.source_table AND e.entry = l.entry
        GROUP BY e.source_table, e.source_batch, e.entry, e.at_minute, e.unit_id) AS of_units
  GROUP BY source_table, source_batch, entry, at_minute
  HAVING count(*) >= param('finding.migration.units', 'other', day_of($as_of - INTERVAL '1 second'))
    AND (max(rows_of_unit) <= sum(rows_of_unit) * param('finding.migration.share', 'other', day_of($as_of - INTERVAL '1 second'))
      OR count(*) FILTER (WHERE rows_of_unit >= param('finding.migration.unit_rows', 'other', day_of($as_of - INTERVAL '1 second')))
        >= param('finding.migration.units', 'other', day_of($as_of - INTERVAL '1 second')))
)
SELECT a.*, l.source_batch IS NOT NULL AS is_bulk_load, u.source_batch IS NOT NULL AS is_bulk_update
FROM acts AS a
LEFT JOIN bulk AS l ON l.entry = 'load' AND l.source_table = a.source_table AND l.source_batch = a.source_batch AND l.at_minute = date_trunc('minute', a.created_at)
LEFT JOIN bulk AS u ON u.entry = 'update' AND u.source_table = a.source_table AND u.source_batch = a.source_batch AND u.at_minute = date_trunc('minute', a.updated_at)
