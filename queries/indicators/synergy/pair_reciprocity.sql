-- /// indicator
-- title = "双边协作对等度"
-- better = "band"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city"]
-- basis = "本系统补充；浙江省综合行政执法条例 第11—19条"
-- window = "year_to_date"
-- shape = "pair"
-- ///
--
-- 本年至今两个相邻县之间，往来较少的一方的件数与较多的一方的件数之比；往来为已经移送的线索和组织的联合巡查。
-- 各地的需要不同，对等不是越高越好，只供察看是否一方总是单方面付出；不评价往来的多少。
-- 剔除并另列：往来较少的一方的各件（即用来对照的件数）；合计少于5件（参数）的；跨省边界的。
SELECT region_a, region_b, domain,
       count(*) FILTER (WHERE state = 'due' AND is_returned) AS numerator,
       count(*) FILTER (WHERE state = 'due')                 AS denominator,
       count(*) FILTER (WHERE state = 'excluded')            AS excluded
FROM border_exchanges
GROUP BY 1, 2, 3
