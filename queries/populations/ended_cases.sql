-- /// population
-- title = "已作出处理的案件及其处理方式"
-- grain = "one penalty case that has ended with a decision or with guidance"
-- [excluded]
-- no_fact = "违法事实不成立，谈不上从宽"
-- transferred = "移送其他机关"
-- withdrawn = "撤案"
-- life_health_finance = "食品药品案件涉及生命健康，不要求适用柔性执法"
-- outcome_unknown = "没有处理结果，也没有注明是否不予处罚"
-- ///
--
-- Cases decided (or, for guidance without a decision document, closed) by the as-of instant. `ended_on` gives the month.
-- `is_flexible`: guidance or an order to correct instead of a penalty; no penalty (不予处罚) with the education on record;
-- a warning or public criticism and nothing else. It is read from the kinds of penalty, never from an amount.
-- An outcome is unknown on 双公示 rows: penalties alone are published there.
SELECT c.*, CASE WHEN c.excluded_because IS NOT NULL THEN 'excluded' ELSE 'due' END AS state
FROM (
  SELECT unit_id, domain, record_id, source_file, source_line, ended_as,
         coalesce(decided_on, closed_on) AS ended_on,
         CASE ended_as
           WHEN 'guided'     THEN true
           WHEN 'no_penalty' THEN education_recorded
           WHEN 'penalty'    THEN coalesce(cardinality(penalty_kinds) > 0
                                           AND cardinality(array_except(penalty_kinds, make_array('warning', 'criticism'))) = 0, false)
           ELSE false END AS is_flexible,
         CASE WHEN ended_as IN ('no_fact', 'transferred', 'withdrawn') THEN ended_as
              WHEN ended_as IS NULL THEN 'outcome_unknown'
              WHEN is_food_drug THEN 'life_health_finance' END AS excluded_because
  FROM case_register
  WHERE end_of(coalesce(decided_on, closed_on)) <= $as_of
) AS c
