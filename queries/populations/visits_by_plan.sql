-- /// population
-- title = "入企检查是否依计划进行"
-- grain = "one inspection"
-- [columns]
-- is_planned = "在检查计划之内"
-- ///
--
-- 各次入企检查（见 `enterprise_visits`）。`is_planned`：写明的计划存在；计划是本单位的，或者是部门联合、综合查一次的计划；
-- 计划在检查开始之前已经备案（没有备案时刻的，已经录入）；计划列有名单的，被检查的企业在名单上。
-- 自报按计划检查、却没有写明哪个计划的，不算：先检查、后补计划，或者拿别人的计划充数，都不是依计划检查。
-- 突发事件检查补办备案的时限未满又没有补办的，未到期。
SELECT v.unit_id, v.domain, v.record_id, v.source_file, v.source_line, v.checked_on, v.due_at, v.plan_id, v.trigger_kind, v.is_case_driven,
       coalesce((p.unit_id = v.unit_id OR p.kind IN ('random_joint', 'merged'))
                AND coalesce(p.filed_at, p.created_at) <= v.began_at
                AND (coalesce(cardinality(p.targets), 0) = 0 OR array_has(p.targets, v.enterprise_code)), false) AS is_planned,
       v.excluded_because, v.state
FROM enterprise_visits AS v
LEFT JOIN inspection_plans AS p ON p.plan_id = v.plan_id
