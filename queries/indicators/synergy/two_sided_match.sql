-- /// indicator
-- title = "双边记录吻合率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county"]
-- basis = "本系统补充：识别只有一方记录的纸面巡查；浙江省综合行政执法条例 第13条"
-- ///
--
-- 组织的跨区域联合巡查中，双方都在自己的系统留有记录，且所记时间相差不超过两小时（参数）的比例。
-- 没有写明区划、没有所记时间的，不吻合。巡查次数多少与本指标无关。仅供核对，不评价是哪一方没有记录。
-- 剔除并另列：跨省边界的，看不到另一方的记录。
SELECT unit_id, domain, month_of(patrolled_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_matched) AS numerator,
       count(*) FILTER (WHERE state = 'due')                AS denominator,
       count(*) FILTER (WHERE state = 'excluded')           AS excluded
FROM border_patrols
GROUP BY 1, 2, 3
