-- /// indicator
-- title = "随机抽样调查平均分"
-- better = "higher"
-- shown_as = "score"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "2026考核计划 一(三)：随机抽样调查，5分制取平均分"
-- window = "year_to_date"
-- rollup = "none"
-- shape = "region"
-- ///
--
-- 本年至今各份答卷对执法透明度、依据清晰度、整改指导三问评分（1—5分）的加权平均；各季度按答卷权重计入。n为计入平均的答卷数。
-- 剔除并另列：三问都答“不清楚”的答卷，没有权重的答卷；只对一问答“不清楚”的，仅剔除该问。
-- 调查属于地区，计入谁的得分由考核方案规定。
SELECT region_code, domain,
       CAST(sum(weight * score) FILTER (WHERE state = 'due') / sum(weight) FILTER (WHERE state = 'due') AS DECIMAL(18, 6)) AS value,
       count(*) FILTER (WHERE state = 'due')                                                                              AS n,
       count(*) FILTER (WHERE state = 'excluded')                                                                         AS excluded
FROM survey_answers
GROUP BY 1, 2
