-- /// population
-- title = "自报与核实的一致"
-- grain = "one unit in one domain, quarter and way of checking"
-- [columns]
-- way = "核实的方式"
-- claimed = "自报（系统记录）数"
-- third_party_mean = "第三方评估得分"
-- ///
--
-- 全周期考核的四种方式，各季度单位自己记录的有多少、核实属实的有多少。四种方式并列，不相加：各自所数的不同。
-- `way`：daily_tracking 日常跟踪，单位系统中的案件和检查，与考核平台一致的（`reconciled_records`，只在平台一侧有的不是单位自报，不在内）；
--   stage_verification 阶段核验，抽取的事项，属实的（`stage_verification_results`）；
--   spot_check 现场抽查，省、市抽查组核对的事实，一致的（`spot_check_results`；没有写明由谁抽查的在内）；
--   third_party 第三方评估，第三方抽查组核对的事实，一致的；`third_party_mean` 为第三方评估得分（`third_party_scores`，本年作出的）。
-- 第三方只有得分、没有核对事实的，`claimed`、`confirmed` 为零：得分不是对自报数的核实，只并列显示。
-- `quarter`：到期（抽查、核验所属）之日的季度，如 2026Q1。只计到期的行；各口径剔除的不计。
WITH checks AS (
  SELECT unit_id, domain, due_on, 'daily_tracking' AS way, 1 AS claimed, CASE WHEN is_consistent THEN 1 ELSE 0 END AS confirmed
  FROM reconciled_records
  WHERE state = 'due' AND coalesce(difference, '') <> 'missing_in_system'
  UNION ALL
  SELECT unit_id, domain, due_on, 'stage_verification', items_sampled, items_confirmed
  FROM stage_verification_results
  WHERE state = 'due'
  UNION ALL
  SELECT unit_id, domain, due_on, CASE WHEN team = 'third' THEN 'third_party' ELSE 'spot_check' END, facts_compared, facts_agreeing
  FROM spot_check_results
  WHERE state = 'due'
),
quarters AS (
  SELECT unit_id, domain, concat(CAST(extract(year FROM due_on) AS VARCHAR), 'Q', CAST(extract(quarter FROM due_on) AS VARCHAR)) AS quarter, way,
         claimed, confirmed, CAST(NULL AS DECIMAL(18, 6)) AS third_party_score
  FROM checks
  UNION ALL
  SELECT unit_id, domain,
         CASE WHEN regexp_like(quarter, '^[0-9]{4}Q[1-4]$') THEN quarter
              ELSE concat(CAST(extract(year FROM due_on) AS VARCHAR), 'Q', CAST(extract(quarter FROM due_on) AS VARCHAR)) END,
         'third_party', 0, 0, CAST(score AS DECIMAL(18, 6))
  FROM third_party_scores
  WHERE state = 'due'
)
SELECT unit_id, domain, concat(unit_id, ' / ', domain, ' / ', quarter, ' / ', way) AS record_id, quarter, way,
       sum(claimed) AS claimed, sum(confirmed) AS confirmed, avg(third_party_score) AS third_party_mean,
       CAST(NULL AS VARCHAR) AS excluded_because, 'due' AS state
FROM quarters
GROUP BY unit_id, domain, quarter, way
