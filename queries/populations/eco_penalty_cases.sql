-- /// population
-- title = "生态环境处罚案件与生态修复"
-- grain = "one penalty case of ecology and environment, decided by the as-of date"
-- [excluded]
-- no_damage = "没有造成生态环境损害"
-- [columns]
-- is_ordered_in_time = "处罚决定以前已要求制定修复方案"
-- ///
--
-- 每件已作出决定的处罚案件，以及首次要求当事人制定修复方案的日期（`ordered_on`）；`is_ordered_in_time`：该日期不晚于处罚决定。
-- 范围：造成损害的案件；没有填写是否造成损害的，按造成损害计，缺漏不使案件退出分母；填报没有损害、而已要求制定修复方案的，
-- 要求本身说明有损害，同样计入。计划所说的范围（全部处罚案件）依参数 `restoration.scope_is_all_penalties` 采用。
-- 剔除的案件与到期的案件相加，即计划所说的范围，见 `eco_all_penalty_cases`。
SELECT c.*, CASE WHEN c.excluded_because IS NULL THEN 'due' ELSE 'excluded' END AS state
FROM (
  SELECT c.unit_id, c.domain, c.record_id, c.source_file, c.source_line, c.decided_on, c.damage, r.ordered_on,
         coalesce(r.ordered_on <= c.decided_on, false) AS is_ordered_in_time,
         CASE WHEN NOT c.damage AND r.ordered_on IS NULL
                AND param('restoration.scope_is_all_penalties', c.domain, c.decided_on) <> 1 THEN 'no_damage' END AS excluded_because
  FROM case_register AS c
  LEFT JOIN (SELECT case_id, min(ordered_on) AS ordered_on FROM restoration_plans WHERE end_of(ordered_on) <= $as_of GROUP BY case_id) AS r
    ON r.case_id = c.record_id
  WHERE c.domain = 'eco' AND coalesce(c.ended_as = 'penalty', cardinality(c.penalty_kinds) > 0) AND end_of(c.decided_on) <= $as_of
) AS c
