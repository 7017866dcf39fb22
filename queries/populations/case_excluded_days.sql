-- /// population
-- title = "案件应扣除的天数"
-- grain = "one case that has at least one spell of suspension"
-- ///
--
-- How many days of suspension prolong the case's statutory limit and its target.
-- A spell counts only if it begins while the limit (prolonged by the spells before it) is still running: a suspension
-- that starts after the deadline has passed does not bring the deadline back. Once one spell comes too late, all later ones do.
WITH judged AS (
  SELECT s.case_id, s.days,
         min(CASE WHEN s.spell_from <= due_on('decision.statutory', c.domain, c.opened_on,
                                              coalesce(c.extension_days, 0) + s.days_before) THEN 1 ELSE 0 END)
           OVER (PARTITION BY s.case_id ORDER BY s.spell_from
                 ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS prolongs_statutory,
         min(CASE WHEN s.spell_from <= due_on('food_drug_closure.target', c.domain, c.opened_on,
                                              s.days_before) THEN 1 ELSE 0 END)
           OVER (PARTITION BY s.case_id ORDER BY s.spell_from
                 ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS prolongs_target
  FROM case_suspension_spells AS s
  JOIN case_register AS c ON c.case_id = s.case_id
)
SELECT case_id, sum(days * prolongs_statutory) AS statutory_days, sum(days * prolongs_target) AS target_days
FROM judged
GROUP BY case_id
