-- /// population
-- title = "抽样调查的有效回答"
-- grain = "one response"
-- [excluded]
-- dont_know = "三个问题都没有可用的回答"
-- no_weight = "没有权重或权重不为正"
-- ///
--
-- `$from` 以来的答卷，及其对计划所列三问（是否透明、依据是否清晰、整改指导是否到位）评分的平均分。
-- 没有回答的，答0（不清楚）的，超出分值范围的，不计入平均分。
-- 领域为空文本：调查没有针对某一领域，用于本领域没有自己答卷的主体。
WITH scaled AS (
  SELECT *, CASE WHEN q_transparency BETWEEN low AND high THEN q_transparency END AS a1,
            CASE WHEN q_basis_clear BETWEEN low AND high THEN q_basis_clear END AS a2,
            CASE WHEN q_guidance BETWEEN low AND high THEN q_guidance END AS a3
  FROM (SELECT *, param('survey.scale_low', domain, answered_on) AS low, param('survey.scale_high', domain, answered_on) AS high
        FROM survey_responses
        WHERE end_of(answered_on) > $from AND end_of(answered_on) <= $as_of) AS r
),
counted AS (
  SELECT *, CAST(a1 IS NOT NULL AS BIGINT) + CAST(a2 IS NOT NULL AS BIGINT) + CAST(a3 IS NOT NULL AS BIGINT) AS answers
  FROM scaled
)
SELECT region_code, coalesce(domain, '') AS domain, unit_id, response_id AS record_id, source_file, source_line, quarter, answered_on, weight, answers,
       CASE WHEN answers > 0
            THEN CAST(coalesce(a1, 0) + coalesce(a2, 0) + coalesce(a3, 0) AS DECIMAL(18, 6)) / answers END AS score,
       CASE WHEN answers = 0 THEN 'dont_know' WHEN NOT coalesce(weight > 0, false) THEN 'no_weight' END AS excluded_because,
       CASE WHEN answers > 0 AND coalesce(weight > 0, false) THEN 'due' ELSE 'excluded' END AS state
FROM counted
