-- /// indicator
-- title = "负担集中度"
-- better = "lower"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city"]
-- basis = "本系统补充：2026考核计划 一(三) 企业执法负担"
-- window = "rolling_12"
-- rollup = "none"
-- shape = "region"
-- ///
--
-- 最近四个已结束的季度，负担最重的一成（参数）企业配合检查的小时数，占全部样本企业小时数的比例（按抽样权重加权）。n为企业数。
-- 企业之间一样重时为0.1，越大越集中在少数企业。
-- 剔除并另列：没有答过时间的企业，所在市样本太少、只计入全省的。
SELECT region_code, domain,
       CAST(sum(borne_hours * heaviest_share) FILTER (WHERE state = 'due') / nullif(sum(borne_hours) FILTER (WHERE state = 'due'), 0) AS DECIMAL(18, 6)) AS value,
       count(*) FILTER (WHERE state = 'due')      AS n,
       count(*) FILTER (WHERE state = 'excluded') AS excluded
FROM panel_heaviest_firms
GROUP BY 1, 2
