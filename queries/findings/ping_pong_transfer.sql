-- /// finding
-- title      = "线索往返移送"
-- statistic  = "rule"
-- severity   = 3
-- pattern    = "同一条线索（案件）移送后又被送回原处，或者辗转多个单位"
-- benign     = "管辖有误、材料不全，写明理由退回一次；报请共同上级指定管辖；线索牵涉数个违法行为，分头移送；同一移送在两个系统各记一次"
-- look_at    = "各次移送函、退回函及其理由；是否报请共同上级指定管辖；线索在各单位停留的天数；当事人或者举报人得到过什么答复"
-- documented = "未见公开案例；检测规则目录 ping_pong_transfer"
-- basis      = "行政处罚法 第25条；市场监督管理行政处罚程序规定 第13、14条（受移送的部门对管辖有异议的，报请共同上级指定，不得再自行移送）；检测规则目录 ping_pong_transfer"
-- ///
-- 考察的记录：统计期内的各次移送和退回，一次一行，归于移出（退回）的单位。退回：接收方退回的时刻（`refused_at`），即由接收方送回移出方。
--
-- 同一条线索（没有线索的，同一案件）的各次移送、退回依时间排列；退回之后又有同样去向的移送记录的，是同一次，只计一次。
-- “送回原处”：上一次由甲到乙，这一次由乙到甲。“多次移送”：这一次已是第参数 `finding.ping_pong_transfer.hops` 次或者其后。
-- 不算：第一次退回，写明理由涉及管辖、职责权限或者材料、证据的；因材料、证据退回之后，补充材料再送一次的。这几次也不计入次数。没有写明理由的退回照计。
-- 管辖争议已由上级指定管辖，或者已报请上级的，该日（含当日）以前的移送一概不看；其后再推的，重新起算。
-- 不看：交办、上报（由上级决定）、移送司法机关、抄告、提请关闭；批准而没有移出的。
-- 只有同一编号的移送连得起来：接收方另编线索号的，看不出来。热线工单在单位之间改派，来源没有记录，不在考察之列。
WITH sent AS (
  SELECT t.transfer_id, t.from_unit, t.to_unit, coalesce(t.domain, 'other') AS domain, t.source_file, t.source_line, t.refused_at, t.refusal_reason,
         coalesce('线索 ' || t.lead_id, '线索 ' || c.lead_id, '案件 ' || t.case_id) AS matter,
         coalesce(t.transferred_at, end_of(t.transferred_on) - INTERVAL '1 second') AS sent_at
  FROM lead_transfers AS t
  LEFT JOIN case_register AS c ON c.case_id = t.case_id
  WHERE coalesce(t.kind, 'cross_dept') IN ('cross_dept', 'cross_region') AND t.to_unit <> t.from_unit
    AND coalesce(t.transferred_at < $as_of, end_of(t.transferred_on) <= $as_of)
),
settled AS (
  SELECT coalesce('线索 ' || d.lead_id, '线索 ' || c.lead_id, '案件 ' || d.case_id) AS matter,
         max(greatest(CASE WHEN d.decided_by IS NOT NULL AND end_of(d.settled_on) <= $as_of THEN d.settled_on END,
                      CASE WHEN end_of(d.escalated_on) <= $as_of THEN d.escalated_on END)) AS settled_on
  FROM jurisdiction_disputes AS d
  LEFT JOIN case_register AS c ON c.case_id = d.case_id
  GROUP BY 1
),
moves AS (
  SELECT transfer_id, matter, from_unit, to_unit, domain, source_file, source_line, sent_at AS moved_at, 0 AS step, CAST(NULL AS VARCHAR) AS reason
  FROM sent
  UNION ALL
  SELECT transfer_id, matter, to_unit, from_unit, domain, source_file, source_line, refused_at, 1, refusal_reason
  FROM sent
  WHERE refused_at < $as_of
),
in_order AS (
  SELECT m.*, day_of(m.moved_at) AS moved_on,
         lag(m.from_unit) OVER w = m.from_unit AND lag(m.to_unit) OVER w = m.to_unit AS is_repeated,
         coalesce(m.reason, CASE WHEN lead(m.from_unit) OVER w = m.from_unit AND lead(m.to_unit) OVER w = m.to_unit THEN lead(m.reason) OVER w END) AS said
  FROM moves AS m
  LEFT JOIN settled AS s ON s.matter = m.matter
  WHERE m.matter IS NOT NULL AND coalesce(day_of(m.moved_at) > s.settled_on, true)
  WINDOW w AS (PARTITION BY m.matter ORDER BY m.moved_at, m.step, m.transfer_id)
),
linked AS (
  SELECT transfer_id, matter, from_unit, to_unit, domain, source_file, source_line, moved_at, moved_on, step,
         coalesce(lag(from_unit) OVER w = to_unit AND lag(to_unit) OVER w = from_unit, false) AS goes_back,
         coalesce(regexp_like(said, '管辖|辖区|属地|职责|职权|权限|材料|证据'), false) AS has_reason,
         coalesce(regexp_like(lag(said) OVER w, '材料|证据'), false) AS is_asked_for
  FROM in_order
  WHERE NOT coalesce(is_repeated, false)
  WINDOW w AS (PARTITION BY matter ORDER BY moved_at, step, transfer_id)
),
counted AS (
  SELECT *, sum(CASE WHEN goes_back AND has_reason THEN 1 ELSE 0 END) OVER w AS reasoned,
         sum(CASE WHEN goes_back AND is_asked_for THEN 1 ELSE 0 END) OVER w AS asked_for
  FROM linked
  WINDOW w AS (PARTITION BY matter ORDER BY moved_at, step, transfer_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
),
judged AS (
  SELECT *, goes_back AND ((has_reason AND reasoned = 1) OR (is_asked_for AND asked_for = 1)) AS is_innocent
  FROM counted
),
numbered AS (
  SELECT *, sum(CASE WHEN is_innocent THEN 0 ELSE 1 END) OVER w AS hops,
         array_to_string(array_agg(concat(from_unit, ' 至 ', to_unit, '（', CAST(moved_on AS VARCHAR), '）')) OVER w, '，') AS path
  FROM judged
  WINDOW w AS (PARTITION BY matter ORDER BY moved_at, step, transfer_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
SELECT n.from_unit AS unit_id, n.domain, 'lead_transfers' AS source_table, n.transfer_id AS record_id, n.source_file, n.source_line, s.sign,
       NOT n.is_innocent AND CASE s.sign WHEN '送回原处' THEN n.goes_back
                                         ELSE n.hops >= param('finding.ping_pong_transfer.hops', n.domain, n.moved_on) END AS is_odd,
       concat(n.matter, '：', n.path, CASE WHEN n.goes_back AND NOT n.has_reason THEN '；没有写明管辖、职权或者材料方面的理由' ELSE '' END) AS says
FROM (VALUES ('送回原处'), ('多次移送')) AS s (sign)
CROSS JOIN numbered AS n
WHERE n.moved_on >= day_of($from) AND end_of(n.moved_on) <= $as_of
