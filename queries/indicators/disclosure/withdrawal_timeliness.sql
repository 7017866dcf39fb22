-- /// indicator
-- title = "公示撤回及时率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county"]
-- basis = "行政处罚法第48条第二款、第85条（三日内撤回并公开说明理由，三日指工作日）；市场监督管理行政处罚信息公示规定第11条"
-- ///
--
-- 已公示而决定被变更、撤销、确认违法或者无效的处罚中，3个工作日内撤回公示的比例。
-- 决定被改变的日期，以公示记录、复议诉讼结果、单位自行改变中最早的为准；改变以后才公示的，自公示之日起算。
-- 最后一日撤回视为及时；没有撤回的，计入分母、不计入分子。公开说明理由与否，从数据中看不出来。没有剔除项。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND withdrawn_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                            AS denominator,
       count(*) FILTER (WHERE state = 'pending')                        AS pending
FROM publications_to_withdraw
GROUP BY 1, 2, 3
