-- /// population
-- title = "执法系统与考核平台的逐条比对"
-- grain = "one record on either side: a decided case or an inspection"
-- [excluded]
-- one_export = "两侧数据取自同一份文件，比对没有意义"
-- no_platform = "全省均未向考核平台报送此类记录，无从比对"
-- [columns]
-- is_consistent = "两侧一致"
-- ///
--
-- 两侧记录的并集，按记录的关键字匹配（决定书文号，没有文号的用案件编号；检查编号）；
-- 同一关键字在一侧出现两次的，另一侧也须有两条。`is_consistent`：两侧都有，且各比对项都相等。
-- 案件比对决定书文号、决定日期、罚款金额（没有罚款为0）、当事人代码、处理结果；检查比对日期、当事人代码。
-- 不容许误差；只有一侧为空的，也是不一致。`difference`：第一个不一致的比对项；`differing_fields`：两侧都有的记录不一致的全部比对项，以空格分隔。
-- `own_*`、`platform_*`：比对项在执法系统一侧、平台一侧的值，名称同比对项；当事人代码是个人信息，不给出。检查只给出日期。
-- `source_file`、`source_line`：执法系统一侧的文件和行号，只在平台上有的为平台一侧的；`platform_file`、`platform_line`：平台一侧的。
-- `submitted_on`：报送到考核平台之日；没有报送时刻的，为到达平台之日。平台上没有的为空。
-- `due_on`：记录到达考核平台的最后一日（`platform_arrival.target`），此前视为在途，为未到期。
WITH own AS (
  SELECT 'cases' AS source_table, coalesce(decision_no, case_id) AS key_text, unit_id, domain, decided_on AS event_on, decision_no,
         coalesce(fine_amount, 0) AS fine, party_code, ended_as AS outcome, source_file, source_line
  FROM case_register
  WHERE end_of(decided_on) <= $as_of
  UNION ALL
  SELECT 'inspections', record_id, unit_id, act_domain, checked_on, CAST(NULL AS VARCHAR), CAST(0 AS DECIMAL(18, 2)),
         coalesce(credit_code, party_code), CAST(NULL AS VARCHAR), source_file, source_line
  FROM inspection_register
  WHERE end_of(checked_on) <= $as_of
),
platform AS (
  SELECT source_table, key_text, unit_id, coalesce(domain, 'other') AS domain, coalesce(decided_on, event_date) AS event_on, decision_no,
         coalesce(fine_amount, 0) AS fine, party_code, outcome, day_of(coalesce(submitted_at, arrived_at)) AS submitted_on, source_file, source_line
  FROM platform_records
  WHERE end_of(event_date) <= $as_of AND coalesce(arrived_at < $as_of, true)
),
pairs AS (
  SELECT coalesce(s.unit_id, p.unit_id) AS unit_id, coalesce(s.domain, p.domain) AS domain,
         coalesce(s.key_text, p.key_text) AS record_id, coalesce(s.source_table, p.source_table) AS source_table,
         coalesce(s.source_file, p.source_file) AS source_file, coalesce(s.source_line, p.source_line) AS source_line,
         p.source_file AS platform_file, p.source_line AS platform_line,
         coalesce(s.event_on, p.event_on) AS event_on, p.submitted_on,
         s.event_on AS own_date, p.event_on AS platform_date,
         CASE WHEN s.source_table = 'cases' THEN s.decision_no END AS own_decision_no,
         CASE WHEN p.source_table = 'cases' THEN p.decision_no END AS platform_decision_no,
         CASE WHEN s.source_table = 'cases' THEN s.fine END AS own_fine, CASE WHEN p.source_table = 'cases' THEN p.fine END AS platform_fine,
         CASE WHEN s.source_table = 'cases' THEN s.outcome END AS own_outcome,
         CASE WHEN p.source_table = 'cases' THEN p.outcome END AS platform_outcome,
         CASE WHEN p.key_text IS NULL THEN 'missing_on_platform'
              WHEN s.key_text IS NULL THEN 'missing_in_system'
              WHEN s.event_on IS DISTINCT FROM p.event_on THEN 'date'
              WHEN s.party_code IS DISTINCT FROM p.party_code THEN 'party_code'
              WHEN s.source_table = 'inspections' THEN NULL
              WHEN s.decision_no IS DISTINCT FROM p.decision_no THEN 'decision_no'
              WHEN s.fine <> p.fine THEN 'fine'
              WHEN s.outcome IS DISTINCT FROM p.outcome THEN 'outcome' END AS difference,
         CASE WHEN p.key_text IS NOT NULL AND s.key_text IS NOT NULL
              THEN concat_ws(' ', CASE WHEN s.event_on IS DISTINCT FROM p.event_on THEN 'date' END,
                                  CASE WHEN s.party_code IS DISTINCT FROM p.party_code THEN 'party_code' END,
                                  CASE WHEN s.source_table = 'cases' AND s.decision_no IS DISTINCT FROM p.decision_no THEN 'decision_no' END,
                                  CASE WHEN s.source_table = 'cases' AND s.fine <> p.fine THEN 'fine' END,
                                  CASE WHEN s.source_table = 'cases' AND s.outcome IS DISTINCT FROM p.outcome THEN 'outcome' END)
         END AS differing_fields,
         CASE WHEN s.source_file = p.source_file THEN 'one_export'
              WHEN s.source_table = 'cases' AND (SELECT count(*) FROM platform_records WHERE source_table = 'cases') = 0 THEN 'no_platform'
              WHEN s.source_table = 'inspections' AND (SELECT count(*) FROM platform_records WHERE source_table = 'inspections') = 0
              THEN 'no_platform' END AS excluded_because
  FROM (SELECT *, row_number() OVER (PARTITION BY source_table, key_text ORDER BY unit_id, party_code, event_on, source_line) AS nth FROM own) AS s
  FULL JOIN (SELECT *, row_number() OVER (PARTITION BY source_table, key_text ORDER BY unit_id, party_code, event_on, source_line) AS nth
             FROM platform) AS p
    ON p.source_table = s.source_table AND p.key_text = s.key_text AND p.nth = s.nth
)
SELECT r.*, r.difference IS NULL AS is_consistent,
       CASE WHEN r.excluded_because IS NOT NULL THEN 'excluded' WHEN end_of(r.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (SELECT *, due_on('platform_arrival.target', domain, event_on) AS due_on FROM pairs) AS r
