-- /// indicator
-- title = "事先告知合规率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["city", "county", "township"]
-- basis = "行政处罚法第44、62条；市监程序第57条（五个工作日）"
-- ///
--
-- 不适用简易程序的处罚决定中，事先告知书已送达，且陈述申辩的5个工作日期满才作出决定的比例；期满当日视为合规，卷内有放弃陈述申辩文书的不待期满。
-- 自报简易程序而罚款超过上限、种类重于罚款的，照样计入。没有告知或者没有送达记录的，计入分母、不计入分子。
-- 作出决定之月为计入的月份。两侧均剔除并另列：已予处罚而没有决定日期的。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND needs_prior_notice AND is_notified) AS numerator,
       count(*) FILTER (WHERE state = 'due' AND needs_prior_notice)                 AS denominator,
       count(*) FILTER (WHERE state = 'excluded' AND needs_prior_notice)            AS excluded
FROM penalty_decisions
GROUP BY 1, 2, 3
