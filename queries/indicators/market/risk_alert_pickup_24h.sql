-- /// indicator
-- title = "风险预警24小时核查率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market"]
-- tiers = ["city", "county"]
-- basis = "本系统补充；同类2026计划：高风险预警24小时内核查"
-- ///
--
-- 启动核查的期限已过的高风险预警中，24小时内（休息日照常计时）开始核查的比例，计入期限届满之日所在的月份。到期仍未核查的，为不及时。
-- 两侧均剔除并另列：在期限内没有核查而移送有管辖权机关的。未到期：期限尚未届满的，即使已经开始核查。
SELECT unit_id, domain, month_of(day_of(due_at)) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_picked_up) AS numerator,
       count(*) FILTER (WHERE state = 'due')                  AS denominator,
       count(*) FILTER (WHERE state = 'pending')              AS pending,
       count(*) FILTER (WHERE state = 'excluded')             AS excluded
FROM high_risk_alerts
GROUP BY 1, 2, 3
