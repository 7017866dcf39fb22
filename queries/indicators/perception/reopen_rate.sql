-- /// indicator
-- title = "诉求重复来电率"
-- better = "lower"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "本系统补充；GB/T 33358-2016"
-- decided_by = "others"
-- ///
--
-- 已办结、30日观察期已过的12345工单中，办结后30日内重办，或者同一来电人就同一分类又来电的比例，计入观察期最后一日所在的月份。
-- 诉求合理与否都在内，没有剔除项。未到期：观察期尚未结束的，即使已经重复。
-- 来电人不明的工单只看得到重办，仍在分母内。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_repeated) AS numerator,
       count(*) FILTER (WHERE state = 'due')                 AS denominator,
       count(*) FILTER (WHERE state = 'pending')             AS pending
FROM closed_hotline_orders
GROUP BY 1, 2, 3
