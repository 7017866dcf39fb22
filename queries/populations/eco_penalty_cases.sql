-- /// population
-- title = "生态环境处罚案件与生态修复"
-- grain = "one penalty case of ecology and environment, decided by the as-of date"
-- [excluded]
-- no_damage = "没有造成生态环境损害"
-- damage_not_recorded = "没有记录是否造成生态环境损害"
-- [columns]
-- is_ordered_in_time = "处罚决定以前已要求制定修复方案"
-- ///
--
-- 每件已作出决定的处罚案件，以及首次要求当事人制定修复方案的日期（`ordered_on`）；`is_ordered_in_time`：该日期不晚于处罚决定。
-- 范围：造成损害的案件；计划所说的范围（全部处罚案件）依参数 `restoration.scope_is_all_penalties` 采用。
-- 剔除的案件与到期的案件相加，即计划所说的范围，见 `eco_all_penalty_cases`。
SELECT c.unit_id, c.domain, c.record_id, c.source_file, c.source_line, c.decided_on, r.ordered_on,
       coalesce(r.ordered_on <= c.decided_on, false) AS is_ordered_in_time, c.excluded_because,
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
