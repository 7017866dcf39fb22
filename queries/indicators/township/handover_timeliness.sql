-- /// indicator
-- title = "超权限案件移交及时率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["township"]
-- basis = "浙江省综合行政执法条例第18条；3个工作日为本系统补充"
-- ///
--
-- 乡镇（街道）超出清单的线索和案件中，自知道之日起3个工作日内移交的比例，不论是否已经移交。最后一日移交视为及时，一直没有移交的不算。
-- 事项不在清单内、又没有移送记录的线索，同样在分母之内；自行立案的，视为没有移交。
-- 两侧均剔除并另列：没有知道的日期、线索和案件也没有日期的，线索在立案期限内决定不予立案的。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND transferred_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                              AS denominator,
       count(*) FILTER (WHERE state = 'pending')                          AS pending,
       count(*) FILTER (WHERE state = 'excluded')                         AS excluded
FROM township_handovers
GROUP BY 1, 2, 3
