-- /// indicator
-- title = "重大线索48小时移交率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["eco"]
-- tiers = ["province", "city", "county"]
-- basis = "同类2026考核计划：重大线索48小时内移交；2026考核计划 一(一) 生态环境 线索移送及时率；本系统补充"
-- ///
--
-- 不属本单位管辖、48小时已满的重大生态环境线索（含重大案件）中，在48小时内移交的比例；48小时含休息日。
-- 发生地在辖区之外或者已决定移送、却没有移送记录的，同样计入分母：自行立案不能代替移交。满48小时的那一刻移交视为及时。
-- 两侧均剔除并另列：涉嫌犯罪的移送（适用另外的期限），没有记录知道应当移送时刻的移送。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_in_time) AS numerator,
       count(*) FILTER (WHERE state = 'due')                AS denominator,
       count(*) FILTER (WHERE state = 'pending')            AS pending,
       count(*) FILTER (WHERE state = 'excluded')           AS excluded
FROM major_leads_to_transfer
GROUP BY 1, 2, 3
