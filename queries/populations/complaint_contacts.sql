-- /// population
-- title = "应在目标时限内首次联系的投诉举报"
-- grain = "one complaint or report, whichever channel it came by"
-- [excluded]
-- anonymous = "匿名投诉举报，没有可联系的人"
-- copy_of_order = "与热线工单是同一件，只计工单"
-- ///
--
-- 市场监管领域的投诉举报：12345热线工单自派至执法主体时起算，12315投诉举报自收到时起算（没有记录时刻的，按当日最后一秒）。
-- `due_at`：首次联系的最后时刻（时限 `complaint_contact.target`，休息日照常计时）。
-- 由12345工单转录的12315记录只计一次，以工单计；任何一处记录的联系，对两处都有效。
WITH orders AS (
  SELECT unit_id, domain, order_id, source_file, source_line, first_contact_at, anonymous,
         coalesce(dispatched_at, end_of(created_on) - INTERVAL '1 second') AS started_at
  FROM hotline_orders
  WHERE domain = 'market' AND end_of(created_on) <= $as_of
),
received AS (
  SELECT unit_id, domain, complaint_id, order_id, source_file, source_line, first_contact_at, anonymous,
         coalesce(received_at, end_of(received_on) - INTERVAL '1 second') AS started_at
  FROM complaints
  WHERE domain = 'market' AND end_of(received_on) <= $as_of
),
contacts AS (
  SELECT o.unit_id, o.domain, o.order_id AS record_id, o.source_file, o.source_line, 'hotline_orders' AS source_table,
         o.started_at, least(o.first_contact_at, r.first_contact_at) AS first_contact_at,
         CASE WHEN o.anonymous THEN 'anonymous' END AS excluded_because
  FROM orders AS o
  LEFT JOIN (SELECT order_id, min(first_contact_at) AS first_contact_at FROM received GROUP BY order_id) AS r
    ON r.order_id = o.order_id
  UNION ALL
  SELECT r.unit_id, r.domain, r.complaint_id, r.source_file, r.source_line, 'complaints', r.started_at, r.first_contact_at,
         CASE WHEN o.order_id IS NOT NULL THEN 'copy_of_order' WHEN r.anonymous THEN 'anonymous' END
  FROM received AS r
  LEFT JOIN orders AS o ON o.order_id = r.order_id
)
SELECT c.*, CASE WHEN c.excluded_because IS NOT NULL THEN 'excluded' WHEN c.due_at <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (SELECT *, due_at('complaint_contact.target', domain, started_at) AS due_at FROM contacts) AS c
