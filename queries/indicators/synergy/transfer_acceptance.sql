-- /// indicator
-- title = "移送接收反馈率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "本系统补充；浙江省综合行政执法条例 第11—19条"
-- ///
--
-- 收到的跨区域移送中，在期限内接收，或者说明理由退回的比例；归接收单位。没有理由的退回不是答复。最后一日答复视为及时。
-- 接收单位不明的，不能归到某一单位，只计入协同指数该地区的一方。
-- 剔除并另列：双方在同一地区，或者一方是另一方的上级地区。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND done_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                       AS denominator,
       count(*) FILTER (WHERE state = 'pending')                   AS pending,
       count(*) FILTER (WHERE state = 'excluded')                  AS excluded
FROM border_duties
WHERE duty = 'answer_transfer'
GROUP BY 1, 2, 3
