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
-- 由12345工单转录的12315记录（`complaint_register` 的 `is_copy`）只计一次，以工单计；任何一处记录的联系，对两处都有效。
-- 匿名、也没有可以联系的途径的（见 `complaint_register`、`hotline_callers`），予以剔除；工单与转录的记录只有一处匿名的，不是匿名。
WITH orders AS (
  SELECT unit_id, domain, order_id, source_file, source_line, first_contact_at, is_anonymous,
         coalesce(dispatched_at, end_of(created_on) - INTERVAL '1 second') AS started_at
  FROM hotline_callers
  WHERE domain = 'market' AND end_of(created_on) <= $as_of
),
received AS (
  SELECT unit_id, domain, record_id, order_of, is_copy, source_file, source_line, first_contact_at, is_anonymous,
         coalesce(received_at, end_of(received_on) - INTERVAL '1 second') AS started_at
  FROM complaint_register
  WHERE domain = 'market' AND end_of(received_on) <= $as_of
),
contacts AS (
  SELECT o.unit_id, o.domain, o.order_id AS record_id, o.source_file, o.source_line, 'hotline_orders' AS source_table,
         o.started_at, least(o.first_contact_at, r.first_contact_at) AS first_contact_at,
         CASE WHEN o.is_anonymous AND coalesce(r.is_anonymous, true) THEN 'anonymous' END AS excluded_because
  FROM orders AS o
  LEFT JOIN received AS r ON r.order_of = o.order_id AND r.is_copy
  UNION ALL
  SELECT unit_id, domain, record_id, source_file, source_line, 'complaints', started_at, first_contact_at,
         CASE WHEN is_copy THEN 'copy_of_order' WHEN is_anonymous THEN 'anonymous' END
  FROM received
)
SELECT c.*, CASE WHEN c.excluded_because IS NOT NULL THEN 'excluded' WHEN c.due_at <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (SELECT *, due_at('complaint_contact.target', domain, started_at) AS due_at FROM contacts) AS c
