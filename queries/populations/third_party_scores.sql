-- /// population
-- title = "第三方评估"
-- grain = "one evaluation of one unit by a third party: all its dimensions in one quarter"
-- [excluded]
-- no_score = "各维度都没有可用的得分"
-- [columns]
-- dimensions_used = "计入的维度数"
-- dimensions_left_out = "没有得分或所依据的件数为零、未计入的维度数"
-- ///
--
-- `$from` 以来作出的各次评估。一次评估：同一机构对同一主体、同一领域、同一季度的各维度得分（没有季度的，为同一日的）；
-- 以最后一个维度评定之日为准。各次评估不论维度多少，都是一行，分量相同。
-- `score`：各维度得分（0—100分）按维度权重加权平均；有一个计入的维度没有权重（或权重不为正）的，各维度等权。
-- 没有得分的维度，得分所依据的件数为零的维度，不计入；没有填写件数的照计。超出0至100分的行，装载时已经隔离。
WITH scores AS (
  SELECT unit_id, coalesce(domain, 'other') AS domain, evaluation_id, source_file, source_line, coalesce(evaluator, '') AS evaluator,
         coalesce(quarter, CAST(evaluated_on AS VARCHAR)) AS quarter, evaluated_on, score, weight,
         score IS NOT NULL AND coalesce(n > 0, true) AS is_used
  FROM third_party_evaluations
  WHERE end_of(evaluated_on) <= $as_of
),
evaluations AS (
  SELECT unit_id, domain, min(evaluation_id) AS record_id, min(source_file) AS source_file, min(source_line) AS source_line, evaluator, quarter,
         max(evaluated_on) AS evaluated_on,
         count(*) FILTER (WHERE is_used) AS dimensions_used, count(*) FILTER (WHERE NOT is_used) AS dimensions_left_out,
         CASE WHEN bool_and(coalesce(weight > 0, false)) FILTER (WHERE is_used)
              THEN CAST(sum(weight * score) FILTER (WHERE is_used) AS DECIMAL(18, 6)) / sum(weight) FILTER (WHERE is_used)
              ELSE avg(CAST(score AS DECIMAL(18, 6))) FILTER (WHERE is_used) END AS score
  FROM scores
  GROUP BY unit_id, domain, evaluator, quarter
)
SELECT *, evaluated_on AS due_on, CASE WHEN dimensions_used = 0 THEN 'no_score' END AS excluded_because,
       CASE WHEN dimensions_used = 0 THEN 'excluded' ELSE 'due' END AS state
FROM evaluations
WHERE end_of(evaluated_on) > $from
