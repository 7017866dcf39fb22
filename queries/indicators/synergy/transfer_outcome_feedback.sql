-- /// indicator
-- title = "移送结果反馈率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "本系统补充；浙江省综合行政执法条例 第11—19条"
-- ///
--
-- 接收的跨区域移送作出处理后，在期限内把结果反馈移出方的比例；即指数（C1）的R，归接收单位。最后一日反馈视为及时。
-- 尚未作出处理的，期限没有起算，不在本口径内；迟迟不处理的，看接收单位自己的办案时限。
-- 剔除并另列：没有登记接收的；双方在同一地区，或者一方是另一方的上级地区的。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND done_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                       AS denominator,
       count(*) FILTER (WHERE state = 'pending')                   AS pending,
       count(*) FILTER (WHERE state = 'excluded')                  AS excluded
FROM border_duties
WHERE duty = 'feed_back'
GROUP BY 1, 2, 3
