-- /// population
-- title = "涉嫌犯罪案件的移送"
-- grain = "one suspected crime known by the as-of date"
-- [excluded]
-- not_approved = "在期限内决定不予移送"
-- no_known_date = "没有知道涉嫌犯罪的日期，期限无从起算"
-- no_transfer_record = "案件标明涉嫌犯罪，没有移送记录，期限无从起算"
-- [columns]
-- approve_by = "批准的最后一日"
-- hand_over_by = "移送的最后时刻"
-- is_in_time = "按期批准并按期移送"
-- ///
--
-- 截至数据截止日已知的涉嫌犯罪移送（移送类型为 criminal），记在移出单位名下；标明涉嫌犯罪（`criminal_suspected`）而没有移送记录的案件，在此列出。
-- `approve_by`：负责人批准或者不批准的最后一日（`criminal_transfer_decision.statutory`），自知道涉嫌犯罪之日起算。
-- `hand_over_by`：批准后移送公安机关的最后时刻（`criminal_transfer_handover.statutory`），自批准的时刻起算。
-- `is_in_time`：两个期限都没有超过；没有批准时刻的移送，不能证明按期批准。
-- `due_on`：按期批准的，为两个期限中较晚的一日；没有按期批准的，为批准的最后一日；没有移送记录的案件，按自立案之日起算的期限确定月份。
-- 知道之日是装载时由移送之日代填的（没有知道的时刻，两日相同），期限无从起算。逾期才决定不予移送的，不能免责。
WITH rows AS (
  SELECT from_unit AS unit_id, coalesce(domain, 'other') AS domain, transfer_id AS record_id, source_file, source_line, case_id, known_on,
         CASE WHEN approved_at < $as_of THEN approved_at END AS approved_at,
         CASE WHEN transferred_at < $as_of THEN transferred_at END AS transferred_at,
         CASE WHEN approval_refused_at < $as_of THEN day_of(approval_refused_at) END AS refused_on,
         due_on('criminal_transfer_decision.statutory', domain, known_on) AS approve_by,
         CASE WHEN known_at IS NULL AND known_on IS NOT DISTINCT FROM coalesce(day_of(transferred_at), transferred_on) THEN 'no_known_date' END AS unknown_because
  FROM lead_transfers
  WHERE kind = 'criminal' AND end_of(known_on) <= $as_of
  UNION ALL
  SELECT c.unit_id, c.domain, c.record_id, c.source_file, c.source_line, c.case_id, c.opened_on,
         CAST(NULL AS TIMESTAMP WITH TIME ZONE), CAST(NULL AS TIMESTAMP WITH TIME ZONE), CAST(NULL AS DATE),
         due_on('criminal_transfer_decision.statutory', c.domain, c.opened_on), 'no_transfer_record'
  FROM case_register AS c
  LEFT JOIN (SELECT case_id FROM lead_transfers WHERE kind = 'criminal' AND end_of(known_on) <= $as_of GROUP BY case_id) AS t ON t.case_id = c.case_id
  WHERE c.criminal_suspected AND t.case_id IS NULL AND end_of(c.opened_on) <= $as_of
),
judged AS (
  SELECT r.*, due_at('criminal_transfer_handover.statutory', r.domain, r.approved_at) AS hand_over_by,
         coalesce(day_of(r.approved_at) <= r.approve_by, false) AS is_approved_in_time,
         coalesce(r.unknown_because, CASE WHEN r.approved_at IS NULL AND r.refused_on <= r.approve_by THEN 'not_approved' END) AS excluded_because
  FROM rows AS r
)
SELECT s.*, CASE WHEN s.excluded_because IS NOT NULL THEN 'excluded' WHEN end_of(s.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT j.*, j.is_approved_in_time AND coalesce(j.transferred_at <= j.hand_over_by, false) AS is_in_time,
         CASE WHEN j.is_approved_in_time THEN greatest(j.approve_by, day_of(j.hand_over_by)) ELSE j.approve_by END AS due_on
  FROM judged AS j
) AS s
