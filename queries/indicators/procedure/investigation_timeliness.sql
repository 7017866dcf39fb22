-- /// indicator
-- title = "调查环节时限合规率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["city", "county", "township"]
-- basis = "2026考核计划 一(二) 执法程序合规性：调查环节的时限；法律未规定调查时限，60日为自定（时限 investigation.target）"
-- ///
--
-- 不适用简易程序、调查时限已过的案件中，立案后60日内调查终结的比例。中止的日数扣除，重叠的只算一次；办案期限的延长不改变这一时限。
-- 最后一日终结视为及时；时限已过仍在调查的，计入分母、不计入分子。没有终结日期而已作出决定的，至迟在决定之日终结。
-- 两侧均剔除并另列：时限届满以前已移送的、撤案的，没有立案日期的；届满以后才移送、撤案的不能免责。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND investigated_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                               AS denominator,
       count(*) FILTER (WHERE state = 'pending')                           AS pending,
       count(*) FILTER (WHERE state = 'excluded')                          AS excluded
FROM investigated_cases
GROUP BY 1, 2, 3
