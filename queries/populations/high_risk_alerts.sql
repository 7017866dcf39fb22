-- /// population
-- title = "应在目标时限内启动核查的高风险预警"
-- grain = "one high-risk alert of market regulation"
-- [excluded]
-- transferred = "在期限内移送有管辖权的机关"
-- [columns]
-- is_picked_up = "按期启动核查"
-- ///
--
-- 市场监管领域风险等级为高的预警线索。没有分级的线索不是预警，不在本口径内。
-- `due_at`：启动核查的最后时刻（时限 `risk_alert_pickup.target`，休息日照常计时），自收到时起算（没有记录时刻的，按当日最后一秒）。
-- `is_picked_up`：在最后时刻之前（含当时）开始核查；只交给承办人的不算。在期限内移送的，予以剔除；逾期才移送的，没有按期核查。
SELECT a.*, CASE WHEN a.excluded_because IS NOT NULL THEN 'excluded' WHEN a.due_at <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT d.*, coalesce(d.checked_at <= d.due_at, false) AS is_picked_up,
         CASE WHEN d.decision = 'transfer' AND d.decision_at <= d.due_at AND d.decision_at < $as_of
                   AND NOT coalesce(d.checked_at <= d.due_at, false) THEN 'transferred' END AS excluded_because
  FROM (
    SELECT unit_id, domain, lead_id AS record_id, source_file, source_line, received_on, checked_at, decision, decision_at,
           due_at('risk_alert_pickup.target', domain, coalesce(received_at, end_of(received_on) - INTERVAL '1 second')) AS due_at
    FROM leads
    WHERE domain = 'market' AND risk_level = 'high' AND end_of(received_on) <= $as_of
  ) AS d
) AS a
