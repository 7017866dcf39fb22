-- /// population
-- title = "数据截止后的案件和检查"
-- grain = "one case or one inspection"
-- [excluded]
-- not_closed = "案件尚未结案，后续环节仍须录入"
-- no_update_time = "来源没有修改时间"
-- bulk_update = "随批量更新修改，不能说明某一单位"
-- [columns]
-- is_changed_after_freeze = "数据截止后修改或录入"
-- ///
--
-- `recorded_acts` 的各行。`due_on`：数据截止（冻结）之日（时限 `data_freeze.target`，自最后一个事项所在月的月末起）。
-- `is_changed_after_freeze`：截止之后修改（或者才录入）。以最后一个事项的月份为准，依法发生在后的送达、履行、公开、整改不算截止后修改。
-- 来源只有最后一次修改的时间，看不出改了哪一列、改过几次；逐列的修改只在数据湖各版本之间看得出，那不是来源数据表，SQL不能读取。
-- 来源已删除的行不在内。晚于数据截止日的修改，视为尚未发生。
SELECT f.*, coalesce(f.updated_at >= end_of(f.due_on) AND f.updated_at < $as_of, false) AS is_changed_after_freeze,
       CASE WHEN f.excluded_because IS NOT NULL THEN 'excluded' WHEN end_of(f.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT source_table, unit_id, domain, record_id, source_file, source_line, event_on, last_event_on, updated_at,
         due_on('data_freeze.target', domain, CAST(date_trunc('month', last_event_on) + INTERVAL '1 month' AS DATE) - 1) AS due_on,
         CASE WHEN NOT is_closed THEN 'not_closed' WHEN updated_at IS NULL THEN 'no_update_time' WHEN is_bulk_update THEN 'bulk_update'
         END AS excluded_because
  FROM recorded_acts
) AS f
