-- /// indicator
-- title = "集体讨论落实率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county"]
-- basis = "行政处罚法第57条第二款"
-- ///
--
-- 情节复杂或者重大的处罚决定中，作出决定以前（含当日）经集体讨论，且办案、调查人员没有参加表决的比例。
-- 应当与否依数额、种类、重大、复杂和自报的标志任一项认定；表决人员没有记录的以参加讨论的为准，都没有的不能证明，计入分母、不计入分子。
-- 作出决定之月为计入的月份。两侧均剔除并另列：已予处罚而没有决定日期的。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND needs_discussion AND is_discussed) AS numerator,
       count(*) FILTER (WHERE state = 'due' AND needs_discussion)                  AS denominator,
       count(*) FILTER (WHERE state = 'excluded' AND needs_discussion)             AS excluded
FROM penalty_decisions
GROUP BY 1, 2, 3
