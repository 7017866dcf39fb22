-- /// indicator
-- title = "第三方评估得分"
-- better = "higher"
-- shown_as = "score"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city"]
-- basis = "2026考核计划 二：第三方评估"
-- window = "year_to_date"
-- rollup = "none"
-- shape = "value"
-- alone    = "取各评价的平均数，平均数不能由各部分相加"
-- ///
--
-- 本年作出的各次第三方评估得分（0—100分，各维度按权重加权）的平均，各次评估分量相同；n为计入的评估次数。
-- 得分计入作出评估的年度：上年第四季度的评估于今年作出的，计入今年。
-- 剔除并另列：各维度都没有可用得分的评估。
SELECT unit_id, domain,
       CAST(avg(score) FILTER (WHERE state = 'due') AS DECIMAL(18, 6)) AS value,
       count(*) FILTER (WHERE state = 'due')                           AS n,
       count(*) FILTER (WHERE state = 'excluded')                      AS excluded
FROM third_party_scores
GROUP BY 1, 2
