-- /// indicator
-- title = "热线按期办结率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "本系统补充；GB/T 33358-2016，地方12345热线办理时限"
-- ///
--
-- 派至执法主体、办结期限已过的12345工单中，最后一日之前（含当日）办结的比例，计入最后一日所在的月份。
-- 时限依诉求性质（咨询2、求助和建议5、投诉举报和其他12个工作日），批准延期的至延期之日，最多再延一个同样的时限。
-- 期限已过仍未办结的，为未按期；匿名的、诉求不合理的、与执法无关的工单，同样应当按期办结。
-- 没有剔除项。未到期：最后一日尚未过去的，即使已经办结。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_on_time) AS numerator,
       count(*) FILTER (WHERE state = 'due')                AS denominator,
       count(*) FILTER (WHERE state = 'pending')            AS pending
FROM hotline_closures
GROUP BY 1, 2, 3
