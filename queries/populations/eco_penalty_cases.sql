-- /// population
-- title = "生态环境处罚案件与生态修复"
-- grain = "one penalty case of ecology and environment, decided by the as-of date"
-- [excluded]
-- no_damage = "没有造成生态环境损害"
-- damage_not_recorded = "没有记录是否造成生态环境损害"
-- ///
--
-- Each decided penalty with the day on which a restoration plan was first required of the party (`ordered_on`).
-- Scope: cases with damage; the plan's wording (all penalties) by the parameter restoration.scope_is_all_penalties.
-- The excluded cases together with those that are due make up the plan's wording.
SELECT c.unit_id, c.domain, c.record_id, c.source_file, c.source_line, c.decided_on, r.ordered_on, c.excluded_because,
       CASE WHEN c.excluded_because IS NULL THEN 'due' ELSE 'excluded' END AS state
FROM (
  SELECT unit_id, domain, record_id, source_file, source_line, decided_on,
         CASE WHEN param('restoration.scope_is_all_penalties', domain, decided_on) = 1 OR damage THEN NULL
              WHEN damage IS NULL THEN 'damage_not_recorded'
              ELSE 'no_damage' END AS excluded_because
  FROM case_register
  WHERE domain = 'eco' AND coalesce(ended_as = 'penalty', cardinality(penalty_kinds) > 0) AND end_of(decided_on) <= $as_of
) AS c
LEFT JOIN (SELECT case_id, min(ordered_on) AS ordered_on FROM restoration_plans GROUP BY case_id) AS r ON r.case_id = c.record_id
