-- /// population
-- title = "复议诉讼的最终结果"
-- grain = "one challenged act, by its last instance"
-- [excluded]
-- duty_ordered = "责令履行：属不作为，另列"
-- mediated = "调解结案，另列"
-- withdrawn = "申请人（原告）撤回，另列"
-- settled = "和解，另列"
-- self_corrected = "单位自行纠正，另列"
-- [columns]
-- is_corrected = "被纠正"
-- ///
--
-- 被行政复议、诉讼的案件不论经过几级（复议、一审、二审），只计一次：以最高一级为准，同一级有两行的，以较晚的一行为准。
-- 截至数据截止日尚有一级未作出结果的，为未到期。没有对应案件的行，单独计一件。
-- `settled_on`：终局结果之日（未到期的，为未决那一级的受理之日）。
-- `is_corrected`：该级结果为变更、撤销、部分撤销、确认违法或者确认无效。
WITH instances AS (
  SELECT *, coalesce(case_id, rl_id) AS act_id,
         CASE kind WHEN 'litigation_second' THEN 3 WHEN 'litigation_first' THEN 2 ELSE 1 END AS level,
         coalesce(outcome, 'pending') <> 'pending' AND coalesce(end_of(decided_on) <= $as_of, false) AS is_decided
  FROM reviews_litigation
  WHERE end_of(filed_on) <= $as_of
),
ordered AS (
  SELECT *, row_number() OVER (PARTITION BY unit_id, act_id
                               ORDER BY is_decided, level DESC, coalesce(decided_on, filed_on) DESC, rl_id) AS place
  FROM instances
)
SELECT unit_id, coalesce(domain, 'other') AS domain, rl_id AS record_id, source_file, source_line, case_id, kind, outcome, filed_on,
       CASE WHEN is_decided THEN decided_on ELSE filed_on END AS settled_on,
       CASE WHEN NOT is_decided THEN 'pending'
            WHEN outcome IN ('duty_ordered', 'mediated', 'withdrawn', 'settled', 'self_corrected') THEN 'excluded'
            ELSE 'due' END AS state,
       CASE WHEN is_decided AND outcome IN ('duty_ordered', 'mediated', 'withdrawn', 'settled', 'self_corrected')
            THEN outcome END AS excluded_because,
       coalesce(outcome IN ('changed', 'annulled', 'partly_annulled', 'illegal_confirmed', 'void_confirmed'), false) AS is_corrected
FROM ordered
WHERE place = 1
