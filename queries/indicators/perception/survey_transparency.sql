-- /// indicator
-- title = "执法过程透明度得分"
-- better = "higher"
-- shown_as = "score"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "2026考核计划 一(三)：随机抽样调查重点询问“执法过程是否透明”，5分制取平均分"
-- window = "year_to_date"
-- rollup = "none"
-- shape = "region"
-- ///
--
-- 本年至今各份答卷对“执法过程是否透明”一问评分（1—5分）的加权平均；各季度按答卷权重计入。n为对本问作出评分的答卷数。
-- perception.survey_mean_score 的一问，与它读取同一口径；那里三问先在答卷内平均，故三问得分的平均不一定等于它。
-- 剔除并另列：对本问答“不清楚”（0）、没有回答或者超出分值范围的答卷，不论其他两问如何回答；没有权重的答卷。
-- 调查属于地区，计入谁的得分由考核方案规定。
SELECT region_code, domain,
       CAST(sum(weight * transparency) FILTER (WHERE state = 'due' AND transparency IS NOT NULL)
              / sum(weight) FILTER (WHERE state = 'due' AND transparency IS NOT NULL) AS DECIMAL(18, 6)) AS value,
       count(*) FILTER (WHERE state = 'due' AND transparency IS NOT NULL) AS n,
       count(*) FILTER (WHERE state = 'excluded' OR transparency IS NULL) AS excluded
FROM survey_answers
GROUP BY 1, 2
