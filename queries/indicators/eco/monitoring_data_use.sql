-- /// indicator
-- title = "环境监测数据执法应用率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["eco"]
-- tiers = ["province", "city", "county"]
-- basis = "2026考核计划 一(一) 生态环境：自动监测数据作为立案依据的比例；indicators.md A4、D"
-- ///
--
-- Of the filed cases of items with automatic monitoring, those whose basis of filing includes valid automatic monitoring data.
-- Data of a device marked stopped, faulty or under maintenance, flagged data, and data measured after the filing don't count.
-- Left out of both sides and shown: cases of items without automatic monitoring, or without an item code. Denominator + these =
-- all filed cases.
SELECT unit_id, domain, month_of(filed_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND uses_monitoring) AS numerator,
       count(*) FILTER (WHERE state = 'due')                     AS denominator,
       count(*) FILTER (WHERE state = 'excluded')                AS excluded
FROM eco_monitored_cases
GROUP BY 1, 2, 3
