-- /// indicator
-- title = "简易程序使用规范率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["township"]
-- basis = "2026考核计划 一(一) 乡镇：简易程序使用规范率；行政处罚法第42、51、52条；市监程序第66、70条；indicators.md D"
-- ///
--
-- Of the cases under the simple procedure whose seven working days for filing the papers are over, those that met every
-- requirement: fine within the cap of the party's kind, nothing heavier than warning or fine, two officers, a numbered decision
-- document, served on the day, papers archived in time. The scope is the law's, all simple cases; the plan's scope (fines up to
-- 500 yuan and warnings) is a column of the population. The amount matters only as a cap.
-- Left out of both sides and shown: cases transferred, cases withdrawn, cases without a decision date.
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_compliant) AS numerator,
       count(*) FILTER (WHERE state = 'due')                  AS denominator,
       count(*) FILTER (WHERE state = 'pending')              AS pending,
       count(*) FILTER (WHERE state = 'excluded')             AS excluded
FROM simple_cases
GROUP BY 1, 2, 3
