-- /// population
-- title = "应按期完成的生态修复方案"
-- grain = "one restoration plan of ecology and environment, ordered by the as-of date"
-- [columns]
-- accepted_as_done_on = "验收之日"
-- ///
--
-- 截至数据截止日已责令的修复方案。`due_on`：方案的完成期限，不随实际完成早晚变动；没有完成期限的、期限早于责令之日的，
-- 以责令之日为期限：定期限是责令的一部分，不定期限不能使方案退出分母。没有剔除项。
-- 方案没有填写领域的，以案件的领域为准；都没有的，视为生态环境的方案。
-- `accepted_as_done_on`：验收之日；验收早于所称完成之日的，不是对完成的验收，视为没有验收。`accepted_on` 是方案通过审核，不是完成。
SELECT r.*, CAST(NULL AS VARCHAR) AS excluded_because, CASE WHEN end_of(r.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT p.unit_id, 'eco' AS domain, p.plan_id AS record_id, p.source_file, p.source_line, p.ordered_on, p.done_on,
         greatest(p.due_on, p.ordered_on) AS due_on,
         CASE WHEN coalesce(p.done_on <= p.verified_on, true) AND end_of(p.verified_on) <= $as_of THEN p.verified_on END AS accepted_as_done_on
  FROM restoration_plans AS p
  LEFT JOIN case_register AS c ON c.case_id = p.case_id
  WHERE coalesce(p.domain, c.domain, 'eco') = 'eco' AND end_of(p.ordered_on) <= $as_of
) AS r
