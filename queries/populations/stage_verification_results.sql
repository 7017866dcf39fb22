-- /// population
-- title = "阶段核验结果"
-- grain = "one verification of one unit's quarter"
-- [excluded]
-- no_quarter = "没有写明核验的是哪一季度"
-- before_quarter = "核验早于所核验的季度"
-- no_counts = "没有抽取数、属实数，或者抽取数不为正、属实数为负"
-- [columns]
-- items_sampled = "抽取的事项数"
-- items_confirmed = "核验属实的事项数"
-- ///
--
-- 截至数据截止日已作出的各次核验。`due_on`：所核验季度的最后一日，核验可以晚于它作出，结果仍属于该季度；
-- 季度没有写明或写法无法辨认的，以核验之日确定月份。同一季度核验几次的，各次都计。
-- `items_confirmed` 不超过 `items_sampled`：多于抽取数的行，装载时已经隔离。
-- 被抽取的是哪些记录，来源没有报送：行的去处是核验本身。
WITH verifications AS (
  SELECT unit_id, coalesce(domain, 'other') AS domain, verification_id AS record_id, source_file, source_line, quarter, verified_on,
         sampled AS items_sampled, confirmed AS items_confirmed,
         CASE WHEN regexp_like(quarter, '^[0-9]{4}Q[1-4]$')
              THEN CAST(concat(substr(quarter, 1, 4), CASE substr(quarter, 6, 1) WHEN '1' THEN '-01-01' WHEN '2' THEN '-04-01'
                                                                                  WHEN '3' THEN '-07-01' ELSE '-10-01' END) AS DATE)
         END AS quarter_from
  FROM stage_verifications
  WHERE end_of(verified_on) <= $as_of
),
judged AS (
  SELECT *, coalesce(CAST(quarter_from + INTERVAL '3 months' AS DATE) - 1, verified_on) AS due_on,
         CASE WHEN quarter_from IS NULL THEN 'no_quarter'
              WHEN verified_on < quarter_from THEN 'before_quarter'
              WHEN NOT coalesce(items_sampled > 0 AND items_confirmed >= 0, false) THEN 'no_counts' END AS excluded_because
  FROM verifications
)
SELECT *, CASE WHEN excluded_because IS NOT NULL THEN 'excluded' WHEN end_of(due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM judged
