-- /// population
-- title = "复议诉讼的最终结果"
-- grain = "one challenged act, by the result that stands in the end"
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
-- 被行政复议、诉讼的案件不论经过几级（复议、一审、二审），只计一次，以最终有效的结果为准；同一级有两行的，以较晚的一行为准。
-- 上一级没有改变下一级结果的，下一级的结果有效：二审维持原判、驳回上诉、撤回上诉的，一审判决有效；
-- 复议已经变更或撤销，此后法院驳回诉讼请求、驳回起诉，或者原告撤诉、和解的，复议的变更或撤销有效。
-- 二审改判驳回诉讼请求（`claim_rejected`）的，一审判决不再有效，回到复议的结果。
-- 各级都没有改变原行为的，维持、驳回优先于撤回、和解：复议维持后又撤诉的，是维持。
-- 每行是结果有效的那一级；截至数据截止日尚有一级未作出结果的，为未到期，该行是未决的那一级。没有对应案件的行，单独计一件。
-- `settled_on`：最后一级作出结果之日（未到期的，为未决那一级的受理之日）。
-- `is_corrected`：有效的结果为变更、撤销、部分撤销、确认违法或者确认无效。
WITH instances AS (
  SELECT *, coalesce(case_id, rl_id) AS act_id,
         CASE kind WHEN 'litigation_second' THEN 3 WHEN 'litigation_first' THEN 2 ELSE 1 END AS level,
         coalesce(outcome, 'pending') <> 'pending' AND coalesce(end_of(decided_on) <= $as_of, false) AS is_decided
  FROM reviews_litigation
  WHERE end_of(filed_on) <= $as_of
),
latest AS (
  SELECT *, max(CASE WHEN level = 3 AND is_decided AND outcome = 'claim_rejected' THEN 1 ELSE 0 END)
              OVER (PARTITION BY unit_id, act_id) AS first_judgment_undone
  FROM (
    SELECT *, row_number() OVER (PARTITION BY unit_id, act_id, level
                                 ORDER BY is_decided, coalesce(decided_on, filed_on) DESC, rl_id) AS nth
    FROM instances
  ) AS i
  WHERE nth = 1
),
ordered AS (
  SELECT *, max(CASE WHEN is_decided THEN decided_on END) OVER (PARTITION BY unit_id, act_id) AS last_decided_on,
         row_number() OVER (PARTITION BY unit_id, act_id
                            ORDER BY is_decided,
                                     is_decided AND level = 2 AND first_judgment_undone = 1,
                                     CASE WHEN outcome IN ('withdrawn', 'settled') THEN 3
                                          WHEN outcome IN ('upheld', 'claim_rejected', 'dismissed') THEN 2
                                          ELSE 1 END,
                                     level DESC) AS place
  FROM latest
)
SELECT unit_id, coalesce(domain, 'other') AS domain, rl_id AS record_id, source_file, source_line, case_id, kind, outcome, filed_on,
       CASE WHEN is_decided THEN last_decided_on ELSE filed_on END AS settled_on,
       CASE WHEN NOT is_decided THEN 'pending'
            WHEN outcome IN ('duty_ordered', 'mediated', 'withdrawn', 'settled', 'self_corrected') THEN 'excluded'
            ELSE 'due' END AS state,
       CASE WHEN is_decided AND outcome IN ('duty_ordered', 'mediated', 'withdrawn', 'settled', 'self_corrected')
            THEN outcome END AS excluded_because,
       is_decided AND coalesce(outcome IN ('changed', 'annulled', 'partly_annulled', 'illegal_confirmed', 'void_confirmed'), false) AS is_corrected
FROM ordered
WHERE place = 1
