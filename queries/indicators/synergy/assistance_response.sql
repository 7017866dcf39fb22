-- /// indicator
-- title = "协查按时完成率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "市场监督管理行政处罚程序规定 第45条：十五个工作日内完成；没有自己规定的领域参照"
-- ///
--
-- 收到的跨区域协查请求中，按期答复的比例；归收到请求的单位。最后一日答复视为及时。
-- 原期限届满前告知延期的，最后一日顺延一个同样的期限，只顺延一次：规定没有写明延期多久，不定期限等于没有期限。
-- 与移送的接收合为指数（C1）的A。是否跨区域依双方单位的区划认定，不采用自报的标志。
-- 剔除并另列：双方在同一地区，或者一方是另一方的上级地区。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND done_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                       AS denominator,
       count(*) FILTER (WHERE state = 'pending')                   AS pending,
       count(*) FILTER (WHERE state = 'excluded')                  AS excluded
FROM border_duties
WHERE duty = 'answer_request'
GROUP BY 1, 2, 3
