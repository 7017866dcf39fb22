-- /// indicator
-- title = "同点位重复投诉率"
-- better = "lower"
-- shown_as = "percent"
-- domains = ["urban"]
-- tiers = ["county", "township"]
-- basis = "本系统补充；2026考核计划 一(三) 12345热线"
-- decided_by = "others"
-- ///
--
-- 城市管理领域的12345工单中，生成之后30日内同一地点、同一分类又有诉求（当日的除外）或者被重开的比例，计入观察期最后一日所在的月份。
-- 两侧均剔除并另列：咨询、建议、表扬。未到期：观察期尚未结束的，即使已经重复。没有地点的工单看不到重复，仍在分母内。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_repeated) AS numerator,
       count(*) FILTER (WHERE state = 'due')                 AS denominator,
       count(*) FILTER (WHERE state = 'pending')             AS pending,
       count(*) FILTER (WHERE state = 'excluded')            AS excluded
FROM urban_place_complaints
GROUP BY 1, 2, 3
