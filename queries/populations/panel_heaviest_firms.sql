-- /// population
-- title = "样本企业配合检查的时间及其排序"
-- grain = "one firm of the panel in one area: its province, its city"
-- [excluded]
-- no_hours = "企业没有答过配合检查的时间"
-- too_few_firms = "所在市的样本企业太少，只计入全省"
-- [columns]
-- hours = "平均每季配合检查的人·小时"
-- heaviest_share = "属于负担最重一成的份额"
-- borne_hours = "按抽样权重计的小时数"
-- ///
--
-- `$from` 以来的样本企业，每家一行：`hours` 为已答各季度的平均，不缩尾（缩尾会把集中抹平）；`weight` 为各季度权重的平均。
-- 按 `hours` 从多到少排列，`heaviest_share` 为该企业的权重落在最重的那一部分（参数 `burden.top_share`）之内的份额：
-- 全部在内的为1，全部在外的为0，跨在界上的为在内的部分。因此最重的部分恰好代表规定比例的企业。
-- 剔除：没有答过时间的；所在市样本太少、只计入全省的。
WITH firms AS (
  SELECT region_code, sample_id, min(source_file) AS source_file, min(source_line) AS source_line,
         CAST(avg(answer) FILTER (WHERE state = 'due') AS DECIMAL(18, 4)) AS hours,
         CAST(avg(weight) FILTER (WHERE state = 'due') AS DECIMAL(18, 4)) AS weight,
         bool_or(excluded_because = 'too_few_firms') AS is_of_few
  FROM panel_answers
  WHERE measure = 'hours' AND state <> 'pending'
  GROUP BY region_code, sample_id
),
ranked AS (
  SELECT *, coalesce(sum(weight) OVER (PARTITION BY region_code, hours IS NULL ORDER BY hours DESC, sample_id
                                       ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS heavier_weight,
         sum(weight) OVER (PARTITION BY region_code, hours IS NULL) AS all_weight
  FROM firms
)
SELECT region_code, '' AS domain, sample_id AS record_id, source_file, source_line, hours, weight, CAST(weight * hours AS DECIMAL(18, 4)) AS borne_hours,
       CAST(least(greatest(all_weight * param('burden.top_share', '', day_of($as_of - INTERVAL '1 second')) - heavier_weight, 0) / weight, 1)
            AS DECIMAL(18, 6)) AS heaviest_share,
       CASE WHEN hours IS NOT NULL THEN NULL WHEN coalesce(is_of_few, false) THEN 'too_few_firms' ELSE 'no_hours' END AS excluded_because,
       CASE WHEN hours IS NULL THEN 'excluded' ELSE 'due' END AS state
FROM ranked
