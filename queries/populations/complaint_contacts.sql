-- /// population
-- title = "应在目标时限内首次联系的投诉举报"
-- grain = "one complaint or report, whichever channel it came by"
-- [excluded]
-- anonymous = "匿名投诉举报，没有可联系的人"
-- copy_of_order = "与热线工单是同一件，只计工单"
-- ///
--
-- Complaints and reports of market regulation: 12345 orders from dispatch to the unit, 12315 complaints from receipt (the last
-- second of the day where no hour is on record).
-- `due_at` = the last moment for the first contact (complaint_contact.target; the hours run through rest days).
-- A 12315 row copied from a 12345 order counts once, as the order; a contact noted on either counts for both.
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
