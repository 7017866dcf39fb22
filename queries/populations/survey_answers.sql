-- /// population
-- title = "抽样调查的有效回答"
-- grain = "one response"
-- [excluded]
-- dont_know = "三个问题都没有可用的回答"
-- no_weight = "没有权重或权重不为正"
-- [columns]
-- transparency = "“执法过程是否透明”的评分"
-- basis_clear = "“处罚依据是否清晰”的评分"
-- guidance = "“整改指导是否到位”的评分"
-- ///
--
-- `$from` 以来的答卷，及其对计划所列三问（是否透明、依据是否清晰、整改指导是否到位）评分的平均分。
-- 没有回答的，答0（不清楚）的，超出分值范围的，不计入平均分。
-- `transparency`、`basis_clear`、`guidance`：各问可用的评分；没有可用评分的为空。
-- 领域为空文本：调查没有针对某一领域，用于本领域没有自己答卷的主体。
WITH scaled AS (
  SELECT *, CASE WHEN q_transparency BETWEEN low AND high THEN q_transparency END AS transparency,
            CASE WHEN q_basis_clear BETWEEN low AND high THEN q_basis_clear END AS basis_clear,
            CASE WHEN q_guidance BETWEEN low AND high THEN q_guidance END AS guidance
  FROM (SELECT *, param('survey.scale_low', domain, answered_on) AS low, param('survey.scale_high', domain, answered_on) AS high
        FROM survey_responses
        WHERE end_of(answered_on) > $from AND end_of(answered_on) <= $as_of) AS r
),
counted AS (
  SELECT *, CAST(transparency IS NOT NULL AS BIGINT) + CAST(basis_clear IS NOT NULL AS BIGINT)
              + CAST(guidance IS NOT NULL AS BIGINT) AS answers
  FROM scaled
)
SELECT region_code, coalesce(domain, '') AS domain, unit_id, response_id AS record_id, source_file, source_line, quarter, answered_on, weight, answers,
       transparency, basis_clear, guidance,
       CASE WHEN answers > 0
            THEN CAST(coalesce(transparency, 0) + coalesce(basis_clear, 0) + coalesce(guidance, 0) AS DECIMAL(18, 6)) / answers END AS score,
       CASE WHEN answers = 0 THEN 'dont_know' WHEN NOT coalesce(weight > 0, false) THEN 'no_weight' END AS excluded_because,
       CASE WHEN answers > 0 AND coalesce(weight > 0, false) THEN 'due' ELSE 'excluded' END AS state
FROM counted
