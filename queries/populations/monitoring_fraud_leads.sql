-- /// population
-- title = "应查处的监测数据造假线索"
-- grain = "one lead of ecology and environment about falsified monitoring data, received by the as-of instant"
-- [excluded]
-- not_filed = "经核查并记录理由，在立案期限内决定不予立案"
-- transferred = "在立案期限内移送有管辖权的机关"
-- [columns]
-- handled_on = "查处之日"
-- ///
--
-- 标记为监测数据弄虚作假的线索；标记没有填写、违法行为类型写明弄虚作假、篡改或者伪造数据的，也在内。
-- `filing_due_on`：法定立案期限（`filing.statutory`，在其内批准延长的为 `filing_extended.statutory`），线索依法中止的天数顺延；
-- `due_on`：查处期限的最后一日：立案期限届满之日起再加法定办案期限（`decision.statutory`）、案件批准的延长和应扣除的天数。
-- 立案早不提前查处期限。`handled_on`：由线索开办的案件作出决定之日（撤案、移送、违法事实不成立的不算查处），
-- 或者线索、案件向公安机关移送之日，取较早的一日。
-- 不予立案的，只有开始核查、写明理由、在立案期限内决定的才剔除；没有核查、没有理由的，或者逾期才决定的，到期且没有查处。
WITH fraud AS (
  SELECT unit_id, domain, lead_id, source_file, source_line, decision, reason, suspended_days,
         received_on, checked_at < $as_of AS is_checked,
         CASE WHEN decision_at < $as_of THEN day_of(decision_at) END AS decided_on,
         CASE WHEN extended_on <= due_on('filing.statutory', domain, received_on, greatest(coalesce(suspended_days, 0), 0))
              THEN due_on('filing_extended.statutory', domain, received_on, greatest(coalesce(suspended_days, 0), 0))
              ELSE due_on('filing.statutory', domain, received_on, greatest(coalesce(suspended_days, 0), 0)) END AS filing_due_on
  FROM leads
  WHERE domain = 'eco' AND end_of(received_on) <= $as_of
    AND coalesce(is_data_fraud, regexp_like(violation_type, '弄虚作假|数据造假|(篡改|伪造).*数据'), false)
),
cases_of AS (
  SELECT c.lead_id, min(CASE WHEN c.ended_as IN ('penalty', 'no_penalty', 'guided') AND end_of(c.decided_on) <= $as_of THEN c.decided_on END) AS decided_on,
         max(c.granted_days + coalesce(x.statutory_days, 0)) AS extra_days
  FROM case_register AS c
  LEFT JOIN case_excluded_days AS x ON x.case_id = c.case_id
  WHERE c.lead_id IS NOT NULL AND end_of(c.opened_on) <= $as_of
  GROUP BY c.lead_id
),
to_police AS (
  SELECT coalesce(t.lead_id, c.lead_id) AS lead_id, min(coalesce(t.transferred_on, day_of(t.transferred_at))) AS sent_on
  FROM lead_transfers AS t
  LEFT JOIN case_register AS c ON c.case_id = t.case_id
  WHERE t.kind = 'criminal' AND end_of(coalesce(t.transferred_on, day_of(t.transferred_at))) <= $as_of
  GROUP BY 1
),
judged AS (
  SELECT f.*, least(c.decided_on, p.sent_on) AS handled_on,
         due_on('decision.statutory', f.domain, f.filing_due_on, coalesce(c.extra_days, 0)) AS due_on,
         CASE WHEN c.lead_id IS NOT NULL OR p.lead_id IS NOT NULL OR f.decided_on IS NULL OR f.decided_on > f.filing_due_on THEN NULL
              WHEN f.decision = 'not_file' AND f.is_checked AND trim(f.reason) <> '' THEN 'not_filed'
              WHEN f.decision = 'transfer' THEN 'transferred' END AS excluded_because
  FROM fraud AS f
  LEFT JOIN cases_of AS c ON c.lead_id = f.lead_id
  LEFT JOIN to_police AS p ON p.lead_id = f.lead_id
)
SELECT unit_id, domain, lead_id AS record_id, source_file, source_line, received_on, filing_due_on, due_on, handled_on, excluded_because,
       CASE WHEN excluded_because IS NOT NULL THEN 'excluded'
            WHEN end_of(due_on) <= $as_of THEN 'due'
            ELSE 'pending' END AS state
FROM judged
