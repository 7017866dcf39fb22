-- /// indicator
-- title = "结案及时率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["county", "township"]
-- basis = "市监程序第77条（十五个工作日）；没有自己规定的领域参照"
-- ///
--
-- 不适用简易程序、程序终了后结案时限已过的案件中，15个工作日内结案的比例。最后一日结案视为及时；时限已过仍未结案的，计入分母、不计入分子。
-- 程序终了以前就结案的，不是及时结案。处罚尚未执行完毕的，程序没有终了，不计入。
-- 两侧均剔除并另列：已结案而没有执行完毕、终止或移送日期的。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND closed_on BETWEEN ended_on AND due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                                           AS denominator,
       count(*) FILTER (WHERE state = 'pending')                                       AS pending,
       count(*) FILTER (WHERE state = 'excluded')                                      AS excluded
FROM ended_proceedings
GROUP BY 1, 2, 3
