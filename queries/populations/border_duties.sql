-- /// population
-- title = "跨区域协同中各方的责任"
-- grain = "one duty of one side across a border: to hand a lead on, to answer a transfer or request, to feed a result back"
-- [excluded]
-- same_area = "双方在同一地区，或者一方是另一方的上级地区，不是跨区域"
-- not_accepted = "接收方没有登记接收，谈不上反馈处理结果"
-- [columns]
-- region = "负有责任的一方地区"
-- neighbour = "另一方地区"
-- duty = "责任种类"
-- done_on = "履行之日"
-- due_on = "最后一日"
-- ///
--
-- 协同指数（考核指标目录 C1）T、A、R三部分所计的责任，各属于负有责任的一方；一行一项责任：
-- `duty` 为 hand_over：移出方自知道应当移送之日起，在 `lead_transfer.target` 时限内移送，没有移送记录的线索同样负有此责任；
-- 为 answer_transfer：接收方自移送之日起，在 `transfer_acceptance.target` 时限内接收，或者说明理由退回，二者有一即可，取较早的一日；没有理由的退回不是答复；
-- 为 feed_back：接收方自作出处理之日起，在 `transfer_feedback.target` 时限内反馈结果；没有登记接收的剔除；
-- 为 answer_request：收到跨区域协查请求的一方自请求发出之日起，在 `assistance.target` 时限内答复；
-- 在原期限最后一日或之前告知延期的，最后一日顺延一个同样的期限，且只顺延一次。
-- 协查是否跨区域，依双方单位请求发出之日的区划认定，不采用自报的标志（`cross_region`）；单位不在名录的，区划为空文本，责任仍在。
-- 双方在同一地区，或者一方包含另一方的，剔除。
-- `unit_id`：负有责任的单位；接收单位不明的为空，责任仍属于该地区。`begun_on`：时限起算之日。
WITH requests AS (
  SELECT q.request_id, q.domain, q.to_unit, q.sent_on, q.source_file, q.source_line,
         CASE WHEN q.answered_at < $as_of THEN day_of(q.answered_at) END AS answered_on,
         CASE WHEN q.extension_told_at < $as_of THEN day_of(q.extension_told_at) END AS extension_told_on,
         due_on('assistance.target', q.domain, q.sent_on) AS first_due_on,
         coalesce(substr(f.region_code, 1, 6), '') AS asker, coalesce(substr(g.region_code, 1, 6), '') AS asked
  FROM assistance_requests AS q
  LEFT JOIN unit_spans AS f ON f.unit_id = q.from_unit AND q.sent_on BETWEEN f.valid_from AND f.valid_to
  LEFT JOIN unit_spans AS g ON g.unit_id = q.to_unit AND q.sent_on BETWEEN g.valid_from AND g.valid_to
  WHERE q.domain IS NOT NULL AND end_of(q.sent_on) <= $as_of
),
requests_across AS (
  SELECT *, asker = '' OR asked = ''
            OR substr(asker, 1, least(CASE WHEN substr(asker, 3, 4) = '0000' THEN 2 WHEN substr(asker, 5, 2) = '00' THEN 4 ELSE 6 END,
                                      CASE WHEN substr(asked, 3, 4) = '0000' THEN 2 WHEN substr(asked, 5, 2) = '00' THEN 4 ELSE 6 END))
               <> substr(asked, 1, least(CASE WHEN substr(asker, 3, 4) = '0000' THEN 2 WHEN substr(asker, 5, 2) = '00' THEN 4 ELSE 6 END,
                                         CASE WHEN substr(asked, 3, 4) = '0000' THEN 2 WHEN substr(asked, 5, 2) = '00' THEN 4 ELSE 6 END)) AS is_across
  FROM requests
),
duties AS (
  SELECT 'hand_over' AS duty, region, neighbour, from_unit AS unit_id, domain, record_id, source_table, source_file, source_line,
         known_on AS begun_on, due_on('lead_transfer.target', domain, known_on) AS due_on, transferred_on AS done_on, is_across, true AS is_accepted
  FROM cross_region_leads
  UNION ALL
  SELECT 'answer_transfer', neighbour, region, to_unit, domain, record_id, source_table, source_file, source_line,
         transferred_on, due_on('transfer_acceptance.target', domain, transferred_on),
         least(accepted_on, CASE WHEN trim(refusal_reason) <> '' THEN refused_on END), is_across, true
  FROM cross_region_leads
  WHERE transferred_on IS NOT NULL
  UNION ALL
  SELECT 'feed_back', neighbour, region, to_unit, domain, record_id, source_table, source_file, source_line,
         outcome_on, due_on('transfer_feedback.target', domain, outcome_on), fed_back_on, is_across, accepted_on IS NOT NULL
  FROM cross_region_leads
  WHERE outcome_on IS NOT NULL
  UNION ALL
  SELECT 'answer_request', asked, asker, to_unit, domain, request_id, 'assistance_requests', source_file, source_line,
         sent_on, CASE WHEN extension_told_on <= first_due_on THEN due_on('assistance.target', domain, first_due_on) ELSE first_due_on END,
         answered_on, is_across, true
  FROM requests_across
)
SELECT unit_id, domain, record_id, source_table, source_file, source_line, duty, region, neighbour, begun_on, due_on, done_on,
       CASE WHEN NOT is_across THEN 'same_area' WHEN NOT is_accepted THEN 'not_accepted' END AS excluded_because,
       CASE WHEN NOT is_across OR NOT is_accepted THEN 'excluded'
            WHEN end_of(due_on) <= $as_of THEN 'due'
            ELSE 'pending' END AS state
FROM duties
