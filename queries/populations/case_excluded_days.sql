-- /// population
-- title = "案件应扣除的天数"
-- grain = "one case that has at least one spell of suspension"
-- ///
--
-- 案件的法定期限和目标时限因中止而顺延的天数。
-- 一段中止在期限（含此前各段中止的顺延）尚未届满时开始的，才予计算；期限届满后才开始的中止，不使已过的期限恢复。
-- 有一段中止开始过晚的，其后各段都不予计算。
WITH judged AS (
  SELECT s.case_id, s.days,
         min(CASE WHEN s.spell_from <= due_on('decision.statutory', c.domain, c.opened_on,
                                              c.granted_days + s.days_before) THEN 1 ELSE 0 END)
           OVER (PARTITION BY s.case_id ORDER BY s.spell_from
                 ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS prolongs_statutory,
         min(CASE WHEN s.spell_from <= due_on('food_drug_closure.target', c.domain, c.opened_on,
                                              s.days_before) THEN 1 ELSE 0 END)
           OVER (PARTITION BY s.case_id ORDER BY s.spell_from
                 ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS prolongs_target,
         min(CASE WHEN s.spell_from <= due_on('investigation.target', c.domain, c.opened_on,
                                              s.days_before) THEN 1 ELSE 0 END)
           OVER (PARTITION BY s.case_id ORDER BY s.spell_from
                 ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS prolongs_investigation
  FROM case_suspension_spells AS s
  JOIN case_register AS c ON c.case_id = s.case_id
)
SELECT case_id, sum(days * prolongs_statutory) AS statutory_days, sum(days * prolongs_target) AS target_days,
       sum(days * prolongs_investigation) AS investigation_days
FROM judged
GROUP BY case_id
