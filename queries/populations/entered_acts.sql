-- /// population
-- title = "案件和检查的录入时限"
-- grain = "one case or one inspection"
-- [excluded]
-- no_entry_time = "来源没有录入时间"
-- bulk_load = "数据迁移或集中上报，不能说明某一单位"
-- [columns]
-- is_late = "录入迟于时限"
-- ///
--
-- `recorded_acts` 的各行。`due_on`：录入的最后一日（时限 `data_entry.target`，自案件 `opened_on`、检查之日起）。
-- `is_late`：录入在最后一日之后。录入早于事项的，不算迟。尚未录入的行看不见：近几个月的比率随补录上升，不会下降。
SELECT e.*, CASE WHEN e.excluded_because IS NOT NULL THEN 'excluded' WHEN end_of(e.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT source_table, unit_id, domain, record_id, source_file, source_line, event_on, created_at,
         due_on('data_entry.target', domain, event_on) AS due_on,
         coalesce(created_at >= end_of(due_on('data_entry.target', domain, event_on)), false) AS is_late,
         CASE WHEN created_at IS NULL THEN 'no_entry_time' WHEN is_bulk_load THEN 'bulk_load' END AS excluded_because
  FROM recorded_acts
) AS e
