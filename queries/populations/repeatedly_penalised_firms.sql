-- /// population
-- title = "屡次受到安全生产处罚的企业"
-- grain = "one firm at the penalty of emergency management that made it a repeated offender"
-- [excluded]
-- no_major_hazard = "没有重大事故隐患，不符合提请关闭的条件"
-- not_in_operation = "企业已注销、吊销、撤销、停业、歇业或迁出"
-- [columns]
-- proposed_on = "提请关闭之日"
-- ///
--
-- 应急管理领域处罚次数达到安全生产法第113条所定次数的企业：180日内三次，或者365日内四次（参数 `repeat_penalty.*`）；只数次数，不看数额。
-- 次数合并计算，不论由哪个单位处罚；归使次数达到的那次处罚的单位。一直处于达到次数的状态为一段，一段只为一行：
-- 其间有重大隐患的，为最早符合条件的那次处罚，否则为这一段的第一次。
-- 没有企业代码的处罚认不出是哪一家，不在其内。
-- 重大隐患（口径 due_hazards，没有填写等级的在内）：处罚之日或之前发现，且在这次处罚前的365日内尚未验收通过；不论由哪个单位发现。没有重大隐患的，予以剔除并列出，供核对隐患等级。
-- `due_on`：提请关闭的时限（`closure_proposal.target`）的最后一日，自处罚决定之日起算。
-- `proposed_on`：就该企业提请关闭之日，不论由哪个单位提请；在处罚之日前365日内已经提请的，同样算。
WITH penalties AS (
  SELECT unit_id, domain, record_id, source_file, source_line, decided_on,
         coalesce(credit_code, CASE WHEN length(party_code) = 18 AND substr(party_code, 1, 2) IN ('91', '92', '93') THEN party_code END) AS firm
  FROM case_register
  WHERE domain = 'emergency' AND ended_as = 'penalty' AND end_of(decided_on) <= $as_of
),
counted AS (
  SELECT p.unit_id, p.domain, p.record_id, p.source_file, p.source_line, p.decided_on, p.firm,
         count(*) FILTER (WHERE p.decided_on - q.decided_on < param('repeat_penalty.window_days', p.domain, p.decided_on))
           >= min(param('repeat_penalty.window_count', p.domain, p.decided_on))
         OR count(*) FILTER (WHERE p.decided_on - q.decided_on < param('repeat_penalty.year_days', p.domain, p.decided_on))
           >= min(param('repeat_penalty.year_count', p.domain, p.decided_on)) AS is_repeated
  FROM penalties AS p
  JOIN penalties AS q ON q.firm = p.firm AND (q.decided_on < p.decided_on OR q.decided_on = p.decided_on AND q.record_id <= p.record_id)
  GROUP BY 1, 2, 3, 4, 5, 6, 7
),
spells AS (
  SELECT *, sum(CASE WHEN is_repeated THEN 0 ELSE 1 END)
              OVER (PARTITION BY firm ORDER BY decided_on, record_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS spell
  FROM counted
),
hazardous AS (
  SELECT s.record_id, count(h.record_id) > 0 AS has_hazard
  FROM spells AS s
  LEFT JOIN due_hazards AS h
    ON h.credit_code = s.firm AND h.is_major AND h.found_on <= s.decided_on
    AND coalesce(s.decided_on - h.verified_on < param('repeat_penalty.year_days', s.domain, s.decided_on), true)
  WHERE s.is_repeated
  GROUP BY s.record_id
),
firms AS (
  SELECT *
  FROM (
    SELECT s.*, z.has_hazard, row_number() OVER (PARTITION BY s.firm, s.spell ORDER BY z.has_hazard DESC, s.decided_on, s.record_id) AS place
    FROM spells AS s
    JOIN hazardous AS z ON z.record_id = s.record_id
  ) AS f
  WHERE place = 1
),
proposals AS (
  SELECT coalesce(t.credit_code, c.credit_code, c.party_code) AS firm, coalesce(t.transferred_on, day_of(t.transferred_at)) AS proposed_on
  FROM lead_transfers AS t
  LEFT JOIN case_register AS c ON c.case_id = t.case_id
  WHERE t.kind = 'closure_proposal' AND end_of(coalesce(t.transferred_on, day_of(t.transferred_at))) <= $as_of
),
judged AS (
  SELECT f.unit_id, f.domain, f.record_id, f.source_file, f.source_line, f.firm, f.decided_on,
         due_on('closure_proposal.target', f.domain, f.decided_on) AS due_on,
         CASE WHEN coalesce(regexp_like(e.status, '注销|吊销|撤销|停业|歇业|迁出'), false) THEN 'not_in_operation'
              WHEN NOT f.has_hazard THEN 'no_major_hazard' END AS excluded_because
  FROM firms AS f
  LEFT JOIN enterprise_spans AS e ON e.credit_code = f.firm AND f.decided_on BETWEEN e.valid_from AND e.valid_to
),
proposed AS (
  SELECT j.record_id, min(p.proposed_on) AS proposed_on
  FROM judged AS j
  JOIN proposals AS p ON p.firm = j.firm
  WHERE j.decided_on - p.proposed_on < param('repeat_penalty.year_days', j.domain, j.decided_on)
  GROUP BY j.record_id
)
SELECT j.*, p.proposed_on,
       CASE WHEN j.excluded_because IS NOT NULL THEN 'excluded' WHEN end_of(j.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM judged AS j
LEFT JOIN proposed AS p ON p.record_id = j.record_id
