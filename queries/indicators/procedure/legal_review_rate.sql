-- /// indicator
-- title = "重大执法决定法制审核率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county"]
-- basis = "行政处罚法第58条；国办发〔2018〕118号"
-- ///
--
-- 应当法制审核的处罚决定中，作出决定以前（含当日）已完成审核、且没有记录为未通过的比例。
-- 应当与否依数额、听证、重大、复杂和自报的标志任一项认定；没有审核日期的，不能证明先于决定，计入分母、不计入分子。
-- 作出决定之月为计入的月份。两侧均剔除并另列：已予处罚而没有决定日期的。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND needs_legal_review AND is_legally_reviewed) AS numerator,
       count(*) FILTER (WHERE state = 'due' AND needs_legal_review)                         AS denominator,
       count(*) FILTER (WHERE state = 'excluded' AND needs_legal_review)                    AS excluded
FROM penalty_decisions
GROUP BY 1, 2, 3
