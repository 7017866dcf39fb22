-- /// population
-- title = "乡镇应当移交的超权限案件线索"
-- grain = "one transfer owed by a township, or one lead beyond its list that was never transferred"
-- [excluded]
-- no_known_date = "没有知道应当移送的日期，所涉线索、案件也没有日期"
-- not_filed = "在立案期限内核查后决定不予立案，没有可移交的违法行为"
-- ///
--
-- 当日层级为乡镇（街道）的单位应当移交的线索和案件，不论是否已经移交：
-- 一是移送记录，类型为上报、跨部门或者没有填写的；涉嫌犯罪的、跨区域的、下交的、抄告和提请关闭的不在本口径内。
-- 二是所涉事项在收到之日不在该单位清单（须允许处罚）内、也没有移送记录的线索：有过清单的乡镇才能比对，没有事项编码的无从比对。
-- 知道之日：移送记录的 `known_at`；没有的，为所涉线索的收到之日，再无的为所涉案件的 `opened_on`。由实际移送之日补填的 `known_on` 不算。
-- 未移送的线索自收到之日起算；决定移送之日视为移交之日。
-- 在立案期限（`filing.statutory`）内决定不予立案的，予以剔除；逾期才决定的，不能免责。
-- `due_on`：`township_handover.target` 的最后一日。
WITH candidates AS (
  SELECT t.from_unit AS unit_id, coalesce(t.domain, l.domain, c.domain, 'other') AS domain, t.transfer_id AS record_id, t.source_file, t.source_line,
         coalesce(CASE WHEN t.known_at IS NOT NULL THEN day_of(t.known_at)
                       WHEN t.known_on IS DISTINCT FROM t.transferred_on THEN t.known_on END, l.received_on, c.opened_on) AS began_on,
         t.known_on AS unit_day, t.transferred_on, CAST(NULL AS DATE) AS not_filed_on, CAST(NULL AS DATE) AS file_by
  FROM lead_transfers AS t
  LEFT JOIN leads AS l ON l.lead_id = t.lead_id
  LEFT JOIN case_register AS c ON c.case_id = t.case_id
  WHERE coalesce(t.kind, 'up') IN ('up', 'cross_dept')
  UNION ALL
  SELECT d.unit_id, d.domain, d.lead_id, d.source_file, d.source_line, d.received_on AS began_on, d.received_on AS unit_day,
         CASE WHEN d.decision = 'transfer' THEN day_of(d.decision_at) END,
         CASE WHEN d.decision = 'not_file' THEN day_of(d.decision_at) END,
         due_on('filing.statutory', d.domain, d.received_on, d.suspended_days)
  FROM leads AS d
  JOIN (SELECT unit_id, min(valid_from) AS first_from FROM item_lists GROUP BY unit_id) AS f
    ON f.unit_id = d.unit_id AND d.received_on >= f.first_from
  LEFT JOIN (SELECT from_unit, lead_id FROM lead_transfers WHERE lead_id IS NOT NULL GROUP BY from_unit, lead_id) AS t
    ON t.from_unit = d.unit_id AND t.lead_id = d.lead_id
  LEFT JOIN (
    SELECT l.lead_id
    FROM leads AS l
    JOIN item_lists AS i ON i.unit_id = l.unit_id AND i.item_code = l.item_code
    WHERE l.received_on BETWEEN i.valid_from AND coalesce(i.valid_to, DATE '9999-12-31')
      AND (i.act_kinds IS NULL OR array_has(i.act_kinds, 'penalty'))
    GROUP BY l.lead_id
  ) AS w ON w.lead_id = d.lead_id
  WHERE d.item_code IS NOT NULL AND t.lead_id IS NULL AND w.lead_id IS NULL
)
SELECT unit_id, domain, record_id, source_file, source_line, began_on, transferred_on, due_on, excluded_because,
       CASE WHEN excluded_because IS NOT NULL THEN 'excluded'
            WHEN end_of(due_on) <= $as_of THEN 'due'
            ELSE 'pending' END AS state
FROM (
  SELECT h.*, CASE WHEN h.began_on IS NULL THEN 'no_known_date'
                   WHEN h.not_filed_on <= h.file_by AND end_of(h.not_filed_on) <= $as_of THEN 'not_filed' END AS excluded_because
  FROM (
    SELECT c.unit_id, c.domain, c.record_id, c.source_file, c.source_line, c.began_on, c.not_filed_on, c.file_by,
           CASE WHEN end_of(c.transferred_on) <= $as_of THEN c.transferred_on END AS transferred_on,
           due_on('township_handover.target', c.domain, coalesce(c.began_on, c.unit_day)) AS due_on
    FROM candidates AS c
    JOIN unit_spans AS u ON u.unit_id = c.unit_id AND c.unit_day BETWEEN u.valid_from AND u.valid_to AND u.tier = 'township'
    WHERE end_of(coalesce(c.began_on, c.unit_day)) <= $as_of
  ) AS h
) AS r
