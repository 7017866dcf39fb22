-- /// indicator
-- title = "跨区处罚尺度差异"
-- better = "lower"
-- shown_as = "number"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county"]
-- basis = "本系统补充；行政处罚法 第34条（裁量基准）；跨区域同案同罚"
-- window = "rolling_12"
-- rollup = "none"
-- shape = "region"
-- counts = "records"
-- alone    = "取平均数，平均数不能由各部分相加"
-- ///
--
-- 12个月内本县与相邻各县对同一事项、同一裁量档次的罚款，在裁量基准幅度内的平均位置之差的绝对值，对各事项平均；0为尺度一致，1为一方取下限、一方取上限。
-- n为相比的事项数（每个邻县各计）。只看两地是否一样：罚得多不比罚得少好。
-- 剔除并另列：有一方的同类处罚少于20件（参数）的，跨省边界的。
SELECT region AS region_code, domain,
       CAST(avg(abs(own_position - neighbour_position)) FILTER (WHERE state = 'due') AS DECIMAL(18, 6)) AS value,
       count(*) FILTER (WHERE state = 'due')      AS n,
       count(*) FILTER (WHERE state = 'excluded') AS excluded
FROM penalty_band_cells
GROUP BY 1, 2
