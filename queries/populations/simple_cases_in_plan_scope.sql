-- /// population
-- title = "乡镇简易程序案件中计划所说的范围"
-- grain = "one case of a township under the simple procedure"
-- [excluded]
-- above_plan_scope = "罚款超过计划所说的500元，只计入全部简易程序案件的规范率"
-- ///
--
-- `simple_cases` 的各行，只以计划的范围（500元以下罚款和警告，参数 `simple.scope_fine_cap`）为到期或未到期，其余予以剔除；
-- 没有记录金额的罚款在范围之内。剔除的与其余的相加，即全部简易程序案件。
SELECT unit_id, domain, record_id, source_file, source_line, decided_on, archived_on, due_on, within_cap, mild_kinds, two_officers,
       has_form, on_the_spot, is_compliant,
       CASE WHEN excluded_because IN ('transferred', 'withdrawn', 'no_decision_date') THEN excluded_because
            WHEN NOT in_plan_scope THEN 'above_plan_scope' END AS excluded_because,
       CASE WHEN excluded_because IS NULL AND NOT in_plan_scope THEN 'excluded' ELSE state END AS state
FROM simple_cases
