-- /// indicator
-- title = "额外支出占比"
-- better = "lower"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city"]
-- basis = "2026考核计划 一(三)：企业合规成本感知，因执法问题产生的额外支出"
-- window = "rolling_12"
-- rollup = "none"
-- shape = "region"
-- ///
--
-- 最近四个已结束的季度，样本企业因执法产生的额外支出之和与其营业收入之和的比（都按抽样权重加权，支出分层缩尾）。n为计入的企业季度数。
-- 各企业的占比按营业收入加权，即两个和之比，不是各企业占比的简单平均：否则营业收入很少的一家就能左右结果。因执法购置设备的支出计入（计划举的例子）；罚款不是负担，不计入；法律规定必须配备的安全设备另示，不计入。
-- 属于地区，不分领域；样本企业太少的市没有数值。指数的C以基期为100，本指标是其相对于营业收入的本数。
-- 季度尚未结束的为未到期。剔除并另列：没有回答的，没有营业收入的，权重不为正的，所在市样本太少、只计入全省的。
SELECT region_code, domain,
       CAST(sum(weighted_revenue * share_of_revenue) FILTER (WHERE state = 'due') / sum(weighted_revenue) FILTER (WHERE state = 'due') AS DECIMAL(18, 6)) AS value,
       count(*) FILTER (WHERE state = 'due')      AS n,
       count(*) FILTER (WHERE state = 'pending')  AS pending,
       count(*) FILTER (WHERE state = 'excluded') AS excluded
FROM panel_answers
WHERE measure = 'cost'
GROUP BY 1, 2
