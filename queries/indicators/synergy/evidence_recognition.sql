-- /// indicator
-- title = "证据互认采信率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "本系统补充；浙江省综合行政执法条例 第11、18条（移送案件的证据互认）"
-- ///
--
-- 接收后已作出处理的跨区域移送中，移送的证据被采用的比例；归接收单位。没有注明是否采用的，视为没有采用。
-- 以处理之月计入；接收后迟迟不处理的不在本口径内。
-- 剔除并另列：接收方又移送其他机关的；双方在同一地区，或者一方是另一方的上级地区的。
SELECT unit_id, domain, month_of(decided_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_recognised) AS numerator,
       count(*) FILTER (WHERE state = 'due')                   AS denominator,
       count(*) FILTER (WHERE state = 'excluded')              AS excluded
FROM decided_transfers
GROUP BY 1, 2, 3
