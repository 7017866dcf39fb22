-- /// population
-- title = "发现问题的检查及其后续处理"
-- grain = "one inspection that found a problem"
-- [columns]
-- followed_on = "立案或者作出处理决定之日"
-- ///
--
-- 发现了问题的检查：检查结果为发现问题、当场改正或者立案，或者问题个数大于零。书面、线上检查和对自然人的检查一样计入。
-- `due_on`：后续处理的最后一日（时限 `problem_to_case.target`），自检查之日起算。
-- `followed_on`：由该次检查而来的案件（两处编号任何一处对上）最早的立案、决定（含不予处罚）或者指导结案之日；检查之前已经立案的，同样算。
-- 当场改正的也在内：把发现的问题记作当场改正，不能使检查退出分母。没有案件记录的口头处理，看不出来。
-- 没有剔除项。
WITH followed AS (
  SELECT inspection_id, check_action_code, case_id,
         least(CASE WHEN end_of(filed_on) <= $as_of THEN filed_on END,
               CASE WHEN end_of(decided_on) <= $as_of THEN decided_on END,
               CASE WHEN end_of(closed_on) <= $as_of THEN closed_on END) AS followed_on
  FROM case_register
)
SELECT p.*, CAST(NULL AS VARCHAR) AS excluded_because,
       CASE WHEN end_of(p.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT i.unit_id, i.act_domain AS domain, i.record_id, i.source_file, i.source_line, i.checked_on, i.result,
         due_on('problem_to_case.target', i.act_domain, i.checked_on) AS due_on,
         least(a.followed_on, b.followed_on, c.followed_on) AS followed_on
  FROM inspection_register AS i
  LEFT JOIN (SELECT inspection_id, min(followed_on) AS followed_on FROM followed GROUP BY inspection_id) AS a ON a.inspection_id = i.inspection_id
  LEFT JOIN (SELECT check_action_code, min(followed_on) AS followed_on FROM followed GROUP BY check_action_code) AS b
    ON b.check_action_code = i.check_action_code
  LEFT JOIN followed AS c ON c.case_id = i.case_id
  WHERE (coalesce(i.result IN ('problem', 'corrected', 'case'), false) OR coalesce(i.problems > 0, false))
    AND end_of(i.checked_on) <= $as_of
) AS p
