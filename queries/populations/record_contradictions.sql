-- /// population
-- title = "案件和检查记录中的矛盾"
-- grain = "one case or one inspection"
-- [columns]
-- contradictions = "自相矛盾之处"
-- is_contradictory = "记录自相矛盾"
-- ///
--
-- 截至数据截止日已经发生、已经录入的案件（按 `opened_on`）和检查，及其各列之间不可能同时为真之处：
-- 案件：立案早于发现，调查终结、决定早于立案，法制审核、集体讨论晚于决定，送达、履行早于决定，结案早于立案、决定，录入早于事项，违法止于起之前；
-- 检查：结束早于开始，公开、整改、首次复查早于检查，录入早于检查，结果为“未发现问题”却有问题数。
-- 每一处都是精确的，不需要推断；须推断的疑点（临界聚集、指标摊派、挂名等）不在内，见疑点清单，经复核才算数。
-- 一列没有填写的，不成矛盾。`due_on`：录入的最后一日（时限 `data_entry.target`）。没有剔除项。
WITH acts AS (
  SELECT 'cases' AS source_table, unit_id, domain, record_id, source_file, source_line, opened_on AS acted_on,
         concat_ws('、',
           CASE WHEN filed_on < day_of(found_at) THEN '立案早于发现' END,
           CASE WHEN investigated_on < filed_on THEN '调查终结早于立案' END,
           CASE WHEN decided_on < filed_on THEN '决定早于立案' END,
           CASE WHEN legal_review_on > decided_on THEN '法制审核晚于决定' END,
           CASE WHEN collective_discussion_on > decided_on THEN '集体讨论晚于决定' END,
           CASE WHEN delivered_on < decided_on THEN '送达早于决定' END,
           CASE WHEN performed_on < decided_on THEN '履行早于决定' END,
           CASE WHEN closed_on < filed_on THEN '结案早于立案' END,
           CASE WHEN closed_on < decided_on THEN '结案早于决定' END,
           CASE WHEN day_of(created_at) < opened_on THEN '录入早于事项' END,
           CASE WHEN violation_to < violation_from THEN '违法止于起之前' END) AS contradictions
  FROM case_register
  WHERE end_of(opened_on) <= $as_of AND coalesce(created_at < $as_of, true)
  UNION ALL
  SELECT 'inspections', unit_id, act_domain, record_id, source_file, source_line, checked_on,
         concat_ws('、',
           CASE WHEN checked_to < checked_from THEN '结束早于开始' END,
           CASE WHEN day_of(published_at) < checked_on THEN '公开早于检查' END,
           CASE WHEN day_of(rectified_at) < checked_on THEN '整改早于检查' END,
           CASE WHEN first_recheck_on < checked_on THEN '首次复查早于检查' END,
           CASE WHEN day_of(created_at) < checked_on THEN '录入早于检查' END,
           CASE WHEN result = 'no_problem' AND problems > 0 THEN '未发现问题却有问题数' END)
  FROM inspection_register
  WHERE end_of(checked_on) <= $as_of AND coalesce(created_at < $as_of, true)
)
SELECT a.*, a.contradictions <> '' AS is_contradictory, CAST(NULL AS VARCHAR) AS excluded_because,
       CASE WHEN end_of(a.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (SELECT *, due_on('data_entry.target', domain, acted_on) AS due_on FROM acts) AS a
