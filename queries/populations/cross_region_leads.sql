-- /// population
-- title = "属于其他地区的线索（已移送的和应移送的）"
-- grain = "one lead or case that belongs to another region: one cross-region transfer, or one lead of another place that nobody handed on"
-- [columns]
-- region = "移出方地区"
-- neighbour = "接收方地区"
-- is_across = "跨区域（双方互不包含）"
-- ///
--
-- 截至数据截止时点已知属于其他地区的线索、案件，供各跨区域口径读取：
-- 一是移送登记（`kind` 为跨区域，领域已填写）的各行，不论是否已经移送；
-- 二是违法行为发生地不在受理单位辖区、而没有任何移送记录的线索（`source_table` 为 leads）：不登记移送，不能免除移送的责任；
-- 决定移送的，自决定之日知道应当移送，其余自收到之日。本单位上级、下级辖区内的，不是其他地区。
-- `region`、`neighbour`：移出方、接收方的区划（见 `transfers_of_all_dates`）；一概不知的为空文本，责任仍在。
-- `is_across`：双方区划互不包含。市与所辖县之间的交办不是跨区域协同。
-- `to_unit`：接收单位；没有填写的，依次为接收方立案的单位，接收方地区该领域唯一的执法主体。
-- 数据截止时点之后发生的移送、接收、退回、处理、反馈，都视为尚不知道。
WITH transfers AS (
  SELECT t.transfer_id, t.receiving_unit, t.received_case_id, t.from_unit, t.region, t.neighbour, t.domain,
         t.known_on, t.evidence_used, t.refusal_reason, t.source_file, t.source_line,
         CASE WHEN end_of(t.transferred_on) <= $as_of THEN t.transferred_on END AS transferred_on,
         CASE WHEN t.accepted_at < $as_of THEN day_of(t.accepted_at) END AS accepted_on,
         CASE WHEN t.refused_at < $as_of THEN day_of(t.refused_at) END AS refused_on,
         CASE WHEN t.outcome_at < $as_of THEN day_of(t.outcome_at) END AS outcome_on,
         CASE WHEN t.fed_back_at < $as_of THEN day_of(t.fed_back_at) END AS fed_back_on
  FROM transfers_of_all_dates AS t
  WHERE t.kind = 'cross_region' AND t.domain IS NOT NULL AND end_of(t.known_on) <= $as_of
),
handed_on AS (
  SELECT lead_id FROM transfers_of_all_dates WHERE lead_id IS NOT NULL AND end_of(known_on) <= $as_of
  UNION
  SELECT lead_of_case FROM transfers_of_all_dates WHERE lead_of_case IS NOT NULL AND end_of(known_on) <= $as_of
),
sole_offices AS (
  SELECT office_region, office_domain, min(unit_id) AS unit_id
  FROM (SELECT substr(region_code, 1, 6) AS office_region, unit_id, unnest(domain_list) AS office_domain
        FROM unit_spans
        WHERE coalesce(tier, '') <> 'township' AND day_of($as_of - INTERVAL '1 second') BETWEEN valid_from AND valid_to) AS o
  GROUP BY office_region, office_domain
  HAVING count(*) = 1
),
placed AS (
  SELECT l.lead_id, l.unit_id, l.domain, l.source_file, l.source_line, substr(l.place_code, 1, 6) AS place, substr(u.region_code, 1, 6) AS own,
         coalesce(CASE WHEN substr(u.region_code, 5, 2) <> '00' THEN substr(u.region_code, 1, 6) END,
                  CASE WHEN substr(l.region_code, 5, 2) <> '00' THEN substr(l.region_code, 1, 6) END,
                  substr(u.region_code, 1, 6)) AS region,
         CASE WHEN l.decision = 'transfer' AND l.decision_at < $as_of THEN day_of(l.decision_at) ELSE l.received_on END AS known_on
  FROM leads AS l
  JOIN unit_spans AS u ON u.unit_id = l.unit_id AND l.received_on BETWEEN u.valid_from AND u.valid_to
  LEFT JOIN handed_on AS h ON h.lead_id = l.lead_id
  WHERE h.lead_id IS NULL AND l.place_code IS NOT NULL AND u.region_code IS NOT NULL AND end_of(l.received_on) <= $as_of
),
both_sides AS (
  SELECT t.transfer_id AS record_id, 'lead_transfers' AS source_table, t.source_file, t.source_line, t.from_unit, t.domain, t.known_on, t.transferred_on,
         t.accepted_on, t.refused_on, t.refusal_reason, t.outcome_on, t.fed_back_on, t.evidence_used, t.received_case_id,
         t.receiving_unit AS to_unit, t.region, t.neighbour
  FROM transfers AS t
  UNION ALL
  SELECT lead_id, 'leads', source_file, source_line, unit_id, domain, known_on, CAST(NULL AS DATE),
         CAST(NULL AS DATE), CAST(NULL AS DATE), CAST(NULL AS VARCHAR), CAST(NULL AS DATE), CAST(NULL AS DATE), CAST(NULL AS BOOLEAN), CAST(NULL AS VARCHAR),
         CAST(NULL AS VARCHAR), region, place
  FROM (SELECT *, least(CASE WHEN substr(own, 3, 4) = '0000' THEN 2 WHEN substr(own, 5, 2) = '00' THEN 4 ELSE 6 END,
                        CASE WHEN substr(place, 3, 4) = '0000' THEN 2 WHEN substr(place, 5, 2) = '00' THEN 4 ELSE 6 END) AS digits
        FROM placed) AS p
  WHERE substr(place, 1, digits) <> substr(own, 1, digits)
)
SELECT b.record_id, b.source_table, b.source_file, b.source_line, b.from_unit, coalesce(b.to_unit, o.unit_id) AS to_unit,
       b.region, b.neighbour, b.domain, b.known_on, b.transferred_on, b.accepted_on, b.refused_on, b.refusal_reason,
       b.outcome_on, b.fed_back_on, b.evidence_used, b.received_case_id,
       b.region = '' OR b.neighbour = '' OR substr(b.region, 1, b.digits) <> substr(b.neighbour, 1, b.digits) AS is_across
FROM (SELECT *, least(CASE WHEN substr(region, 3, 4) = '0000' THEN 2 WHEN substr(region, 5, 2) = '00' THEN 4 ELSE 6 END,
                      CASE WHEN substr(neighbour, 3, 4) = '0000' THEN 2 WHEN substr(neighbour, 5, 2) = '00' THEN 4 ELSE 6 END) AS digits
      FROM both_sides) AS b
LEFT JOIN sole_offices AS o ON o.office_region = b.neighbour AND o.office_domain = b.domain
