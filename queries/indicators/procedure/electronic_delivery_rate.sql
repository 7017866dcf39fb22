-- /// indicator
-- title = "电子送达率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["city", "county"]
-- basis = "行政处罚法第61条第二款（当事人同意并签订确认书）"
-- ///
--
-- 已送达的文书中，经当事人书面同意以电子方式送达的比例；送达之月为计入的月份。没有剔除项。
-- 没有同意的电子送达，没有注明送达方式的，计入分母、不计入分子。送达回证不与所送达的文书重复计。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_electronic) AS numerator,
       count(*) FILTER (WHERE state = 'due')                   AS denominator
FROM served_documents
GROUP BY 1, 2, 3
