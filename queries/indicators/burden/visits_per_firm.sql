-- /// indicator
-- title = "年度接受检查次数"
-- better = "lower"
-- shown_as = "number"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city"]
-- basis = "2026考核计划 一(三)：企业合规成本感知，年度接受执法检查的次数"
-- window = "rolling_12"
-- rollup = "none"
-- shape = "region"
-- ///
--
-- 最近四个已结束的季度，样本企业平均每家每季接受检查的次数（按抽样权重加权、分层缩尾），乘以四即为全年次数。n为计入的企业季度数。
-- 属于地区，不分领域；样本企业太少的市没有数值。指数的V以基期为100，本指标是其本数。
-- 季度尚未结束的为未到期。剔除并另列：没有回答的，权重不为正的，所在市样本太少、只计入全省的。
SELECT region_code, domain,
       CAST(4 * sum(weight * amount) FILTER (WHERE state = 'due') / sum(weight) FILTER (WHERE state = 'due') AS DECIMAL(18, 4)) AS value,
       count(*) FILTER (WHERE state = 'due')      AS n,
       count(*) FILTER (WHERE state = 'pending')  AS pending,
       count(*) FILTER (WHERE state = 'excluded') AS excluded
FROM panel_answers
WHERE measure = 'visits'
GROUP BY 1, 2
