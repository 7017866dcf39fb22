-- /// population
-- title = "城市管理检查责令改正的事项"
-- grain = "one inspection of city management that found a problem to be put right"
-- [excluded]
-- is_recheck = "本身是复查；第一次没有整改到位的，已在原检查上计算"
-- [columns]
-- is_done_at_first_recheck = "第一次复查即整改到位"
-- first_recheck_day = "第一次复查之日"
-- ///
--
-- 城市管理领域检查结果为发现问题的，或者规定了整改期限的检查。当场改正的没有责令限期改正，转立案的由案件处理，均不在本口径内
-- （另行规定了整改期限的除外）。
-- `due_on`：第一次复查的最后一日（时限 `rectification_recheck.target`），自整改期限届满之日起算；没有整改期限的、期限早于检查之日的，
-- 自检查之日起算：没有限期即应立即改正，不填期限不能使事项退出分母。本身是复查的，予以剔除。
-- 第一次复查从复查记录（`recheck_of`）认定，取最早的一次；原检查上自行填写的复查（`first_recheck_on`、`first_recheck_passed`）同样看：
-- 两处都有的，须两处都到位。复查记录的结果为“未发现问题”的，为到位；当场改正的，说明复查时仍未到位。
-- `is_done_at_first_recheck`：最后一日之前（含当日）复查了，并且到位。当事人或者单位自报的整改完成（`rectified_at`）不算，须经复查；
-- 到期没有复查的，视为没有到位。
-- 计入复查最后一日的月份，故不需要参数 `rectification.lookback_days` 的回溯天数。
WITH rechecks AS (
  SELECT recheck_of, checked_on, result, row_number() OVER (PARTITION BY recheck_of ORDER BY checked_on, began_at, record_id) AS nth
  FROM inspection_register
  WHERE recheck_of IS NOT NULL AND end_of(checked_on) <= $as_of
),
orders AS (
  SELECT i.unit_id, i.act_domain AS domain, i.record_id, i.source_file, i.source_line, i.checked_on, i.rectify_due,
         due_on('rectification_recheck.target', i.act_domain, greatest(i.rectify_due, i.checked_on)) AS due_on,
         CASE WHEN i.recheck_of IS NOT NULL THEN 'is_recheck' END AS excluded_because,
         r.checked_on AS recorded_on, r.result = 'no_problem' AS recorded_passed,
         CASE WHEN end_of(i.first_recheck_on) <= $as_of THEN i.first_recheck_on END AS declared_on,
         CASE WHEN end_of(i.first_recheck_on) <= $as_of THEN coalesce(i.first_recheck_passed, false) END AS declared_passed
  FROM inspection_register AS i
  LEFT JOIN rechecks AS r ON r.recheck_of = i.record_id AND r.nth = 1
  WHERE i.act_domain = 'urban' AND end_of(i.checked_on) <= $as_of AND (i.result = 'problem' OR i.rectify_due IS NOT NULL)
)
SELECT unit_id, domain, record_id, source_file, source_line, checked_on, rectify_due, due_on,
       least(recorded_on, declared_on) AS first_recheck_day,
       coalesce(least(recorded_on, declared_on) <= due_on, false)
         AND CASE WHEN recorded_on IS NULL THEN true ELSE coalesce(recorded_passed, false) END
         AND CASE WHEN declared_on IS NULL THEN true ELSE declared_passed END AS is_done_at_first_recheck,
       excluded_because,
       CASE WHEN excluded_because IS NOT NULL THEN 'excluded' WHEN end_of(due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM orders
