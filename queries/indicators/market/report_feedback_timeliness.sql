-- /// indicator
-- title = "实名举报告知及时率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market"]
-- tiers = ["city", "county"]
-- basis = "市场监督管理投诉举报处理暂行办法 第31条：自作出是否立案决定之日起五个工作日内告知实名举报人"
-- ///
--
-- 告知期限已过的实名举报中，最后一日之前（含当日）将是否立案告知举报人的比例，计入最后一日所在的月份。到期仍未告知的，为不及时。
-- 没有决定记录的，自依法应当决定的最后一日起算。
-- 两侧均剔除并另列：匿名举报（没有任何可以联系的途径），线索已移送的。未到期：最后一日尚未过去的，即使已经告知。投诉不在内。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_told_on_time) AS numerator,
       count(*) FILTER (WHERE state = 'due')                     AS denominator,
       count(*) FILTER (WHERE state = 'pending')                 AS pending,
       count(*) FILTER (WHERE state = 'excluded')                AS excluded
FROM named_reports
GROUP BY 1, 2, 3
