-- /// finding
-- title      = "截止后修改"
-- statistic  = "share"
-- severity   = 3
-- pattern    = "数据截止（冻结）以后，已办结事项的记录仍被修改、删除或者才录入，比例明显高于同类。"
-- benign     = "依更正通知改正差错并有文书；复议、诉讼改变决定后更正；系统升级批量更新未标批次；迟到的送达、履行情况补录"
-- look_at    = "来源系统的修改日志（何人、何时）；更正审批文书；所列修改前后的内容"
-- documented = "未见公开案例；检测规则目录 post_cutoff_edit（after-the-fact correction）"
-- basis      = "检测规则目录 post_cutoff_edit；时限 data_freeze.target"
-- tail       = "upper"
-- minimum_n  = 30
-- floor      = 0.05
-- rows_stand_alone = "每条记录的更正应各有审批；截止以后一次改动许多条，正是所查的情形；成批更新的已经剔除"
-- says       = "数据截止已过的 {n} 条记录中，{odd} 条（{share}）{sign}；同类通常 {usual}。"
-- ///
-- 考察的记录：最后一个事项在统计期内、数据截止（`data_freeze.target`）已过的案件和检查，一条一行。两种迹象：
--
-- `在截止以后修改或者才录入`：依来源的最后修改时间（`frozen_acts`）。随批量更新修改的、来源没有修改时间的、尚未结案的，不作判断。
--   来源只有最后一次修改的时间，看不出改了哪一列，删除的行也看不出。
-- `与截止时的内容不同`：该月截止以后的第一次运行所读的内容（`cases_at_freeze`、`inspections_at_freeze`，见 `freezes`）与现在比较：
--   已经没有的行（未办结的案件也看：删去一件逾期未结的，就不再逾期），以及下列要项不同的已办结事项：案件的立案、决定、结案日期，处理结果，不予处罚，罚款金额，处罚种类，程序，事项；
--   检查的日期、对象、结果、问题个数、形式、类别。经复议、诉讼而改变的案件，随批量更新修改的，不作判断；删除不是改变。该月没有这样一次运行的，无从比较。
--   换了编号而内容仍在的（同一单位、同一决定书文号的案件；同一单位、同一时刻、同一企业的检查），不是删除。
--   其后才送达、履行、公示、整改的，不是修改。合并、更名以前的单位被删除的行，计在原单位。
WITH frozen_cases AS (
  SELECT f.*, row_number() OVER (PARTITION BY f.case_id ORDER BY f.freeze_month) AS nth
  FROM (SELECT *, greatest(opened_on, filed_on, investigated_on, decided_on, delivered_on, performed_on, closed_on, day_of(transferred_at)) AS last_event_on
        FROM cases_at_freeze
        WHERE source_operation IS DISTINCT FROM 'delete') AS f
  WHERE month_of(f.last_event_on) = f.freeze_month
),
frozen_visits AS (
  SELECT f.*, row_number() OVER (PARTITION BY f.inspection_id ORDER BY f.freeze_month) AS nth
  FROM (SELECT *, greatest(checked_on, day_of(filed_at), day_of(scanned_at), day_of(published_at), day_of(rectified_at), first_recheck_on) AS last_event_on
        FROM inspections_at_freeze
        WHERE source_operation IS DISTINCT FROM 'delete') AS f
  WHERE month_of(f.last_event_on) = f.freeze_month
),
-- Under other keys the same matter is still there.
renumbered_cases AS (
  SELECT DISTINCT unit_id, decision_no FROM case_register WHERE decision_no IS NOT NULL
),
renumbered_visits AS (
  SELECT DISTINCT unit_id, checked_on, checked_from, credit_code FROM inspection_register WHERE checked_from IS NOT NULL AND credit_code IS NOT NULL
),
edited AS (
  SELECT 'cases' AS source_table, f.case_id AS record_id, coalesce(n.unit_id, f.unit_id) AS unit_id, coalesce(n.domain, f.domain) AS domain,
         coalesce(n.source_file, f.source_file) AS source_file, coalesce(n.source_line, f.source_line) AS source_line,
         f.freeze_month, f.last_event_on, n.updated_at,
         r.case_id IS NOT NULL AND n.case_id IS NOT NULL AS is_reviewed,
         CASE WHEN n.case_id IS NULL THEN CASE WHEN m.unit_id IS NULL THEN '现在没有这一条' ELSE '' END
              WHEN f.closed_on IS NULL THEN ''
              ELSE concat_ws('，',
                CASE WHEN n.filed_on IS DISTINCT FROM f.filed_on THEN concat('立案日期 ', coalesce(CAST(f.filed_on AS VARCHAR), '空'), ' 改为 ', coalesce(CAST(n.filed_on AS VARCHAR), '空')) END,
                CASE WHEN n.decided_on IS DISTINCT FROM f.decided_on THEN concat('决定日期 ', coalesce(CAST(f.decided_on AS VARCHAR), '空'), ' 改为 ', coalesce(CAST(n.decided_on AS VARCHAR), '空')) END,
                CASE WHEN n.closed_on IS DISTINCT FROM f.closed_on THEN concat('结案日期 ', coalesce(CAST(f.closed_on AS VARCHAR), '空'), ' 改为 ', coalesce(CAST(n.closed_on AS VARCHAR), '空')) END,
                CASE WHEN (n.outcome IS DISTINCT FROM f.outcome) OR (n.no_penalty IS DISTINCT FROM f.no_penalty) THEN '处理结果已改' END,
                CASE WHEN n.fine_amount IS DISTINCT FROM f.fine_amount THEN '罚款金额已改' END,
                CASE WHEN array_to_string(n.penalty_kinds, ';') IS DISTINCT FROM array_to_string(f.penalty_kinds, ';') THEN '处罚种类已改' END,
                CASE WHEN n.procedure IS DISTINCT FROM f.procedure THEN '程序已改' END,
                CASE WHEN n.item_code IS DISTINCT FROM f.item_code THEN '事项已改' END) END AS edits
  FROM frozen_cases AS f
  LEFT JOIN case_register AS n ON n.case_id = f.case_id
  LEFT JOIN (SELECT DISTINCT case_id FROM reviews_litigation) AS r ON r.case_id = f.case_id
  LEFT JOIN renumbered_cases AS m ON m.unit_id = f.unit_id AND m.decision_no = f.decision_no
  WHERE f.nth = 1
  UNION ALL
  SELECT 'inspections', f.inspection_id, coalesce(n.unit_id, f.unit_id), coalesce(n.act_domain, f.domain, 'other'),
         coalesce(n.source_file, f.source_file), coalesce(n.source_line, f.source_line), f.freeze_month, f.last_event_on, n.updated_at, false,
         CASE WHEN n.inspection_id IS NULL THEN CASE WHEN m.unit_id IS NULL THEN '现在没有这一条' ELSE '' END
              ELSE concat_ws('，',
                CASE WHEN n.checked_on IS DISTINCT FROM f.checked_on THEN concat('检查日期 ', CAST(f.checked_on AS VARCHAR), ' 改为 ', CAST(n.checked_on AS VARCHAR)) END,
                CASE WHEN (n.credit_code IS DISTINCT FROM f.credit_code) OR (n.party_code IS DISTINCT FROM f.party_code) THEN '检查对象已改' END,
                CASE WHEN n.result IS DISTINCT FROM f.result THEN concat('结果 ', coalesce(f.result, '空'), ' 改为 ', coalesce(n.result, '空')) END,
                CASE WHEN n.problems IS DISTINCT FROM f.problems THEN '问题个数已改' END,
                CASE WHEN (n.form IS DISTINCT FROM f.form) OR (n.kind IS DISTINCT FROM f.kind) THEN '形式、类别已改' END) END
  FROM frozen_visits AS f
  LEFT JOIN inspection_register AS n ON n.inspection_id = f.inspection_id
  LEFT JOIN renumbered_visits AS m
    ON m.unit_id = f.unit_id AND m.checked_on = f.checked_on AND m.checked_from = f.checked_from AND m.credit_code = f.credit_code
  WHERE f.nth = 1
),
acts AS (
  SELECT a.unit_id, a.domain, a.source_table, a.record_id, a.source_file, a.source_line, a.last_event_on, a.created_at, a.is_bulk_update, z.seen_as_of
  FROM recorded_acts AS a
  JOIN freezes AS z ON z.source_table = a.source_table AND z.freeze_month = month_of(a.last_event_on)
),
bulk AS (
  SELECT source_table, record_id FROM recorded_acts WHERE is_bulk_update
),
compared AS (
  SELECT e.unit_id, e.domain, e.source_table, e.record_id, e.source_file, e.source_line, e.edits <> '' AS is_odd,
         coalesce(day_of(e.updated_at), e.last_event_on) AS happened_on,
         concat('与 ', CAST(z.seen_as_of AS VARCHAR), ' 的运行所读的不同：', e.edits) AS says
  FROM edited AS e
  JOIN freezes AS z ON z.source_table = e.source_table AND z.freeze_month = e.freeze_month
  LEFT ANTI JOIN bulk AS b ON b.source_table = e.source_table AND b.record_id = e.record_id
  WHERE NOT e.is_reviewed AND e.last_event_on >= day_of($from) AND end_of(e.last_event_on) <= $as_of
  UNION ALL
  SELECT a.unit_id, a.domain, a.source_table, a.record_id, a.source_file, a.source_line, false, a.last_event_on, CAST(NULL AS VARCHAR)
  FROM acts AS a
  LEFT ANTI JOIN edited AS e ON e.source_table = a.source_table AND e.record_id = a.record_id
  WHERE NOT a.is_bulk_update AND coalesce(day_of(a.created_at) <= a.seen_as_of, true)
    AND a.last_event_on >= day_of($from) AND end_of(a.last_event_on) <= $as_of
)
SELECT unit_id, domain, source_table, record_id, source_file, source_line, '在截止以后修改或者才录入' AS sign, is_changed_after_freeze AS is_odd,
       CASE WHEN is_changed_after_freeze THEN day_of(updated_at) ELSE last_event_on END AS happened_on,
       concat('数据截止 ', CAST(due_on AS VARCHAR), '，此后于 ', CAST(day_of(updated_at) AS VARCHAR), ' 修改或者录入') AS says
FROM frozen_acts
WHERE state = 'due' AND last_event_on >= day_of($from) AND end_of(last_event_on) <= $as_of
UNION ALL
SELECT unit_id, domain, source_table, record_id, source_file, source_line, '与截止时的内容不同' AS sign, is_odd, happened_on, says
FROM compared
