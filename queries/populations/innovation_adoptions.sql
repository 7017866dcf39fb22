-- /// population
-- title = "核实的创新案例被其他主体采用"
-- grain = "one case of innovation that a unit put forward"
-- [columns]
-- adopters = "采用的其他主体数"
-- is_adopted = "期内被规定数量的其他主体采用"
-- ///
--
-- `innovation_claims` 的各案例，不分类别、级别，不计入的理由相同。`due_on`：采用观察期的最后一日（时限 `innovation_adoption.target`，自申报之日起）。
-- `is_adopted`：采用的其他主体（申报单位自己不算）不少于 `innovation.adopters_min`，且第二家在最后一日之前（含当日）采用。
-- 采用之日只报送第二家的；参数改为不是两家的，需要来源另加日期。
SELECT a.*, coalesce(a.adopters >= param('innovation.adopters_min', a.domain, a.submitted_on) AND a.second_adopted_on <= a.due_on
                       AND end_of(a.second_adopted_on) <= $as_of, false) AS is_adopted,
       CASE WHEN a.excluded_because IS NOT NULL THEN 'excluded' WHEN end_of(a.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT unit_id, domain, record_id, source_file, source_line, kind, submitted_on, second_adopted_on, excluded_because,
         due_on('innovation_adoption.target', domain, submitted_on) AS due_on,
         coalesce(cardinality(array_remove_all(adopted_by, unit_id)), 0) AS adopters
  FROM innovation_claims
) AS a
