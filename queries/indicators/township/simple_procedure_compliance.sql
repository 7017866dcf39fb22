-- /// indicator
-- title = "简易程序使用规范率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["township"]
-- basis = "2026考核计划 一(一) 乡镇：简易程序使用规范率；行政处罚法第42、51、52条；市监程序第66、70条"
-- ///
--
-- 适用简易程序、7个工作日归档期限已过的案件中，各项要求全部符合的比例：罚款不超过当事人类别的上限，没有重于警告、罚款的处罚，
-- 两名以上执法人员，有编号的决定书，当日送达，按时归档。
-- 范围依法律，为全部简易程序案件；计划所说的范围（500元以下罚款和警告）另有
-- township.simple_procedure_compliance_plan_scope。金额只作为上限。
-- 两侧均剔除并另列：移送的，撤案的，没有决定日期的。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_compliant) AS numerator,
       count(*) FILTER (WHERE state = 'due')                  AS denominator,
       count(*) FILTER (WHERE state = 'pending')              AS pending,
       count(*) FILTER (WHERE state = 'excluded')             AS excluded
FROM simple_cases
GROUP BY 1, 2, 3
