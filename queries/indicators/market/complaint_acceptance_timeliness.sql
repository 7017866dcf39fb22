-- /// indicator
-- title = "投诉受理决定及时率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market"]
-- tiers = ["city", "county"]
-- basis = "市场监督管理投诉举报处理暂行办法 第14条：自收到投诉之日起七个工作日内作出受理或者不予受理的决定，并告知投诉人"
-- ///
--
-- 告知期限已过的投诉中，最后一日之前（含当日）告知受理或者不予受理的比例，计入最后一日所在的月份。到期仍未告知的，为不及时。
-- 两侧均剔除并另列：匿名投诉（没有任何可以联系的途径，无从告知）。未到期：最后一日尚未过去的，即使已经告知。举报不在内，见 market.report_feedback_timeliness。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_told_on_time) AS numerator,
       count(*) FILTER (WHERE state = 'due')                     AS denominator,
       count(*) FILTER (WHERE state = 'pending')                 AS pending,
       count(*) FILTER (WHERE state = 'excluded')                AS excluded
FROM complaint_acceptances
GROUP BY 1, 2, 3
