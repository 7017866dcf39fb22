-- /// indicator
-- title = "负责人出庭应诉率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county"]
-- basis = "行政诉讼法第3条（被诉行政机关负责人应当出庭应诉）"
-- ///
--
-- 行政诉讼一审、二审的开庭中，行政机关负责人出庭的比例；计入开庭的月份。每一审的开庭各计一次。
-- 没有填写负责人是否出庭的，视为没有出庭。不能出庭而委托工作人员的正当理由，从数据中看不出来。
-- 两侧均剔除并另列：没有开庭记录的，已开庭而没有日期且尚未审结的。未到期：已定开庭日期、尚未开庭的。
SELECT unit_id, domain, month_of(counted_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_attended) AS numerator,
       count(*) FILTER (WHERE state = 'due')                 AS denominator,
       count(*) FILTER (WHERE state = 'pending')             AS pending,
       count(*) FILTER (WHERE state = 'excluded')            AS excluded
FROM court_hearings
GROUP BY 1, 2, 3
