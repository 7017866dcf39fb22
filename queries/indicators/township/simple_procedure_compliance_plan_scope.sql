-- /// indicator
-- title = "简易程序使用规范率（计划范围）"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["township"]
-- basis = "2026考核计划 一(一) 乡镇：简易程序使用规范率（500元以下罚款、警告类案件程序合规率）"
-- ///
--
-- 计划所说范围（500元以下罚款和警告）内的简易程序案件中，各项要求全部符合的比例；要求与 township.simple_procedure_compliance 相同，
-- 罚款上限依法律：对自然人罚款400元，在本范围之内，但不合规。与全部简易程序案件的规范率并列，只显示、不计分。
-- 两侧均剔除并另列：罚款超过500元的，移送的，撤案的，没有决定日期的。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_compliant) AS numerator,
       count(*) FILTER (WHERE state = 'due')                  AS denominator,
       count(*) FILTER (WHERE state = 'pending')              AS pending,
       count(*) FILTER (WHERE state = 'excluded')             AS excluded
FROM simple_cases_in_plan_scope
GROUP BY 1, 2, 3
