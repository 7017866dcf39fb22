-- /// population
-- title = "监督检查计划内应检查的对象"
-- grain = "one planned target of one inspection plan"
-- [excluded]
-- not_in_operation = "到期以前已注销、吊销、撤销、停业、歇业或迁出，没有可以检查的对象"
-- [columns]
-- is_inspected = "已按期依计划检查"
-- ///
--
-- 各检查计划所列的检查对象（见 `planned_targets`）。`due_on`：计划到期日；`is_inspected`：到期日或之前依计划检查过。
-- 没有检查、而计划到期日（尚未到期的，数据截止日）企业名录上已不在营的，予以剔除；检查过的，不论后来是否在营，都计入。
-- 名录上查不到的对象照样计入：查不到信息不使对象退出分母。
SELECT t.*, CASE WHEN t.excluded_because IS NOT NULL THEN 'excluded'
                 WHEN end_of(t.due_on) <= $as_of THEN 'due'
                 ELSE 'pending' END AS state
FROM (
  SELECT p.unit_id, p.domain, p.record_id, p.source_file, p.source_line, p.plan_id, p.kind, p.target, p.due_on, p.checked_on,
         p.checked_on IS NOT NULL AS is_inspected,
         CASE WHEN p.checked_on IS NULL AND e.is_gone THEN 'not_in_operation' END AS excluded_because
  FROM planned_targets AS p
  LEFT JOIN enterprise_spans AS e
    ON e.credit_code = p.target AND least(p.due_on, day_of($as_of - INTERVAL '1 second')) BETWEEN e.valid_from AND e.valid_to
) AS t
