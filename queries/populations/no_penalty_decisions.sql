-- /// population
-- title = "市场监管不予处罚决定及其法定条件"
-- grain = "one case of market regulation that ended without a penalty, decided by the as-of date"
-- [excluded]
-- other_ground = "依据无主观过错、无责任能力或者超过追责时效，不适用首违、轻微的条件"
-- no_decision_date = "没有决定日期"
-- [columns]
-- is_first = "两年内没有违法记录"
-- meets_conditions = "符合不予处罚的条件"
-- ///
--
-- 截至数据截止日决定不予处罚的市场监管案件。`meets_conditions`（行政处罚法第33条）：
-- 各项都须具备：决定前已改正，危害后果轻微（没有认定的，不能证明），对当事人教育并有记录（标志或者教育文书）；案卷评查没有触及否决项；
-- 情形不是“轻微不罚”的（首违不罚，没有填写，其他），还须 `is_first`：漏填、错填情形不能免去对首次的核查。
-- `is_first`：同一当事人在本领域、决定之日前730日（参数 `first_violation.window_days`）内没有其他处罚或者不予处罚决定，不论由哪个单位作出；
-- 没有信用代码、也没有当事人代码的，无从证明是首次。
-- 没有决定日期的，以案件最早的日期确定月份。
WITH market_decisions AS (
  SELECT *, coalesce(credit_code, party_code) AS party
  FROM case_register
  WHERE domain = 'market' AND ended_as IN ('penalty', 'no_penalty') AND end_of(coalesce(decided_on, opened_on)) <= $as_of
),
earlier AS (
  SELECT d.record_id
  FROM market_decisions AS d
  JOIN market_decisions AS e ON e.party = d.party AND e.record_id <> d.record_id AND e.decided_on < d.decided_on
  WHERE d.decided_on - e.decided_on <= param('first_violation.window_days', d.domain, d.decided_on)
  GROUP BY d.record_id
),
educated AS (
  SELECT case_id
  FROM case_documents
  WHERE doc_kind = 'education_record' AND end_of(dated_on) <= $as_of
  GROUP BY case_id
),
vetoed AS (
  SELECT case_id FROM reviewed_files WHERE has_veto AND case_id IS NOT NULL
)
SELECT j.*, j.corrected_before_decision AND coalesce(j.consequences_minor, false) AND j.is_educated AND NOT j.has_veto
              AND (j.is_first OR coalesce(j.no_penalty_ground = 'minor', false)) AS meets_conditions,
       CASE WHEN j.excluded_because IS NULL THEN 'due' ELSE 'excluded' END AS state
FROM (
  SELECT d.unit_id, d.domain, d.record_id, d.source_file, d.source_line, coalesce(d.decided_on, d.opened_on) AS decided_on, d.no_penalty_ground,
         d.consequences_minor, coalesce(d.corrected_before_decision, false) AS corrected_before_decision,
         d.party IS NOT NULL AND e.record_id IS NULL AS is_first,
         coalesce(d.education_recorded, false) OR t.case_id IS NOT NULL AS is_educated,
         v.case_id IS NOT NULL AS has_veto,
         CASE WHEN d.no_penalty_ground IN ('no_fault', 'incapable', 'time_barred') THEN 'other_ground'
              WHEN d.decided_on IS NULL THEN 'no_decision_date' END AS excluded_because
  FROM market_decisions AS d
  LEFT JOIN earlier AS e ON e.record_id = d.record_id
  LEFT JOIN educated AS t ON t.case_id = d.record_id
  LEFT JOIN vetoed AS v ON v.case_id = d.record_id
  WHERE d.ended_as = 'no_penalty'
) AS j
