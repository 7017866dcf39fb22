-- /// population
-- title = "应在目标时限内立案的食品药品线索"
-- grain = "one food or drug lead of market regulation, received by the as-of instant"
-- [excluded]
-- not_filed = "在期限内依法决定不予立案"
-- transferred = "在期限内移送有管辖权的机关"
-- ///
--
-- `due_on` = last day of the filing target (food_drug_filing.target) from receipt, prolonged by the days for which the lead was
-- lawfully suspended (testing …). `filed_on` = day of the filing decision on the lead, or of the first case opened from it.
-- `state` 'due' = the last day is over at the as-of instant.
-- A lead that was refused (with reasons on record or not) or handed over in time is excluded; the same decisions taken after the last
-- day do not excuse the unit: such a lead is 'due' and not filed in time.
SELECT l.unit_id, l.domain, l.record_id, l.source_file, l.source_line, l.filed_on, l.due_on, l.excluded_because,
       CASE WHEN l.excluded_because IS NOT NULL THEN 'excluded'
            WHEN end_of(l.due_on) <= $as_of THEN 'due'
            ELSE 'pending' END AS state
FROM (
  SELECT d.*, coalesce(CASE WHEN d.decision = 'file' THEN d.decided_on END, f.filed_on) AS filed_on,
         CASE WHEN f.filed_on IS NULL AND d.decided_on <= d.due_on
              THEN CASE d.decision WHEN 'not_file' THEN 'not_filed' WHEN 'transfer' THEN 'transferred' END
         END AS excluded_because
  FROM (
    SELECT unit_id, domain, lead_id AS record_id, source_file, source_line, decision,
           CASE WHEN decision_at < $as_of THEN day_of(decision_at) END AS decided_on,
           due_on('food_drug_filing.target', domain, received_on, suspended_days) AS due_on
    FROM leads
    WHERE domain = 'market' AND is_food_drug AND end_of(received_on) <= $as_of
  ) AS d
  LEFT JOIN (
    SELECT lead_id, min(filed_on) AS filed_on
    FROM case_register
    WHERE lead_id IS NOT NULL AND end_of(filed_on) <= $as_of
    GROUP BY lead_id
  ) AS f ON f.lead_id = d.record_id
) AS l
