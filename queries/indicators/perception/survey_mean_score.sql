-- /// indicator
-- title = "随机抽样调查平均分"
-- better = "higher"
-- shown_as = "score"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "2026考核计划 一(三)：随机抽样调查，5分制取平均分；indicators.md A12、C6、D"
-- window = "year_to_date"
-- rollup = "none"
-- shape = "region"
-- ///
--
-- Weighted mean of the answers (1 to 5) on transparency, clarity of basis and guidance on correction, over the responses of the
-- year so far; quarters enter by the weights of their responses. n = responses in the mean.
-- Left out: responses with a don't-know to all three questions, responses without a weight. A don't-know to one question leaves
-- out that answer alone. The survey belongs to the region: the scheme says whose score it enters.
SELECT region_code, domain,
       CAST(sum(weight * score) / sum(weight) AS DECIMAL(18, 6)) AS value,
       count(*)                                                  AS n
FROM survey_answers
WHERE state = 'due'
GROUP BY 1, 2
