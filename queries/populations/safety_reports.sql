-- /// population
-- title = "应核查办结的安全生产举报"
-- grain = "one report of work safety, whichever channel it came by"
-- [excluded]
-- copy_of_order = "与热线工单是同一件，只计工单"
-- [columns]
-- verified_on = "核查办结并形成书面结果之日"
-- ///
--
-- 应急管理领域的举报：12345热线工单（诉求性质为举报）和投诉举报登记（没有填写是投诉还是举报的，视为举报）。
-- `due_on`：核查办结的最后一日（时限 `safety_report_closure.target`），自收到（工单为生成）之日起算；
-- 热线批准延期的，为延期后的最后一日，但不晚于 `safety_report_closure_extended.target` 的最后一日。
-- `verified_on`：办结之日，且有书面结果：书面答复了的，或者登记了办理结果的（匿名举报没有可答复的人）；热线工单办结时平台上即有书面的办理意见。
-- 工单已登记为举报的，以举报登记的办结为准：工单转给本单位登记后，热线上的办结不等于核查办结；登记数次的，以最后办结的一次为准。
-- 登记与工单是同一件的（`complaint_register` 的 `is_copy`），只计工单一次；其余的登记另计。
-- 匿名举报同样应当核查，不予剔除。
WITH orders AS (
  SELECT unit_id, domain, order_id AS record_id, source_file, source_line, order_id, created_on AS received_on, extended_to,
         CASE WHEN closed_at < $as_of THEN day_of(closed_at) END AS verified_on
  FROM hotline_orders
  WHERE domain = 'emergency' AND kind = 'report' AND end_of(created_on) <= $as_of
),
registered AS (
  SELECT unit_id, domain, record_id, source_file, source_line, order_of, is_copy, received_on,
         CASE WHEN closed_at < $as_of AND (coalesce(written_reply, false) OR coalesce(trim(result), '') <> '') THEN day_of(closed_at) END AS verified_on
  FROM complaint_register
  WHERE domain = 'emergency' AND coalesce(kind, 'report') = 'report' AND end_of(received_on) <= $as_of
),
reports AS (
  SELECT o.unit_id, o.domain, o.record_id, o.source_file, o.source_line, o.received_on, o.extended_to,
         CASE WHEN r.order_of IS NULL THEN o.verified_on WHEN r.is_verified THEN r.verified_on END AS verified_on,
         CAST(NULL AS VARCHAR) AS excluded_because
  FROM orders AS o
  LEFT JOIN (SELECT order_of, max(verified_on) AS verified_on, bool_and(verified_on IS NOT NULL) AS is_verified
             FROM registered WHERE order_of IS NOT NULL GROUP BY order_of) AS r ON r.order_of = o.order_id
  UNION ALL
  SELECT r.unit_id, r.domain, r.record_id, r.source_file, r.source_line, r.received_on, NULL, r.verified_on,
         CASE WHEN o.order_id IS NOT NULL THEN 'copy_of_order' END
  FROM registered AS r
  LEFT JOIN orders AS o ON o.order_id = r.order_of AND r.is_copy
)
SELECT r.unit_id, r.domain, r.record_id, r.source_file, r.source_line, r.received_on, r.due_on, r.verified_on, r.excluded_because,
       CASE WHEN r.excluded_because IS NOT NULL THEN 'excluded' WHEN end_of(r.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT *, greatest(due_on('safety_report_closure.target', domain, received_on),
                     CASE WHEN extended_to IS NOT NULL
                          THEN least(day_of(extended_to), due_on('safety_report_closure_extended.target', domain, received_on)) END) AS due_on
  FROM reports
) AS r
