-- /// indicator
-- title = "相邻区县联合巡查达标率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county"]
-- basis = "2026考核计划 一(一) 生态环境：跨区域执法协同效率（相邻区县联合巡查频次）"
-- window = "year_to_date"
-- measures = "frequency"
-- statutory_duty = "浙江省综合行政执法条例 第13条（相邻地区联合执法）；每年次数依边界协作协议，没有约定的每季度1次"
-- companion = "synergy.two_sided_match"
-- ///
--
-- 本年至今各季度应开展的联合巡查中，已经开展的比例；即指数（C1）的P：min(1，双方都有记录的巡查数 ÷ 应巡数)。超出应巡数的巡查不加分。
-- 只有一方有记录的、时间太短的、人数不足的，不是有效巡查；地点以记录为准，不核对边界。
-- 应巡数是全部邻区合计的上限，相邻关系写明次数的除外；目前只有生态环境领域有此项责任。
-- 所属季度尚未结束的为未到期。剔除并另列：跨省边界的，看不到另一方的记录。
SELECT unit_id, domain,
       count(*) FILTER (WHERE state = 'due' AND is_held) AS numerator,
       count(*) FILTER (WHERE state = 'due')             AS denominator,
       count(*) FILTER (WHERE state = 'pending')         AS pending,
       count(*) FILTER (WHERE state = 'excluded')        AS excluded
FROM required_patrols
GROUP BY 1, 2
