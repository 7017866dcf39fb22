-- /// indicator
-- title = "立案环节时限合规率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["city", "county", "township"]
-- basis = "2026考核计划 一(二) 执法程序合规性：立案环节的时限；行政处罚法第54条第二款；市监程序第18条"
-- ///
--
-- 立案期限已过的线索中，在期限内作出立案或者不予立案决定的比例。期限依各领域的规定，扣除检测检验等时间；经批准延长的，为延长后的期限。
-- 最后一日作出视为及时；期限已过而没有作出决定的，或者决定没有时间的，计入分母、不计入分子。
-- 两侧均剔除并另列：在期限内移送有管辖权机关的；逾期才移送的不能免责。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND answered_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                           AS denominator,
       count(*) FILTER (WHERE state = 'pending')                       AS pending,
       count(*) FILTER (WHERE state = 'excluded')                      AS excluded
FROM leads_to_decide
GROUP BY 1, 2, 3
