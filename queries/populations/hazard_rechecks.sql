-- /// population
-- title = "整改期限届满后应复查的事故隐患"
-- grain = "one hazard found by the as-of date"
-- ///
--
-- `due_on`：复查的最后一日（时限 `hazard_recheck.target`），自整改期限届满之日起算；`rectify_by`：整改期限（含第一次延期，见 `due_hazards`）。
-- `rechecked_on`：整改期限届满之日起的复查，或者整改完成以后的复查；监管部门验收的，验收也是复查。
-- 期限未满、整改也没有完成时的查看，不是复查：不能发现隐患的次日走一趟了事。
-- 没有整改期限的，自发现之日起算，并且只有整改完成以后的复查才算：发现隐患的次日走一趟，同样不是复查。没有剔除项。
SELECT h.*,
       CASE WHEN end_of(due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT unit_id, domain, record_id, source_file, source_line, due_on AS rectify_by, closed_on, excluded_because,
         due_on('hazard_recheck.target', domain, due_on) AS due_on,
         least(CASE WHEN has_deadline AND rechecked_on >= due_on OR rechecked_on >= closed_on THEN rechecked_on END,
               CASE WHEN verifier_kind = 'authority' THEN verified_on END) AS rechecked_on
  FROM due_hazards
) AS h
