-- /// population
-- title = "企业负担样本的回答"
-- grain = "one firm's answer for one quarter to one measure (visits, hours, cost), in one area: its province, its city"
-- [excluded]
-- no_answer = "企业没有回答此项"
-- no_revenue = "没有营业收入，额外支出无从相比"
-- no_weight = "抽样权重不为正"
-- too_few_firms = "所在市的样本企业太少，只计入全省"
-- [columns]
-- measure = "项目"
-- answer = "企业所报的数"
-- amount = "缩尾后的数"
-- share_of_revenue = "额外支出占营业收入"
-- weighted_revenue = "按抽样权重计的营业收入"
-- ///
--
-- 季度最后一日在 `$from` 以来的样本企业季度回答，一项为一行（`measure`）：visits 接受检查次数；hours 准备材料与陪同的人·小时，
-- 只答了一种的按所答的计；cost 额外支出，即因执法购置设备的支出与其他支出之和（`cost_equipment`、`cost_other`，只答了一种的按所答的计），
-- 不含罚款，不含另示的法定安全设备支出。与负担指数（C2）的V、H、C相同。
-- `region_code`：全省一行，所在市一行；没有区划的只计入全省。市的样本企业少于参数 `burden.minimum_firms` 的，剔除。
-- `amount`：同一地区、同一季度、同一抽样层内，超过中位数加 `burden.winsor_mads` 倍绝对中位差的，按该限计，从不删除；一半以上回答相同、绝对中位差为零的，
-- 以平均绝对差的0.8453倍代替（正态分布中二者相等）；回答全部相同的层没有此限。
-- 0次是回答，空白不是。没有权重的，权重为1。`revenue` 为同季营业收入，`share_of_revenue` 为缩尾后的额外支出与它的比；额外支出没有营业收入可比的，剔除：从业人数是另一种单位，不能混在一起。
-- `state` 未到期：季度尚未结束。
WITH own_province AS (
  SELECT min(substr(region_code, 1, 2)) || '0000' AS province FROM enterprise_burden_samples
),
reports AS (
  SELECT s.sample_id, s.quarter, s.source_file, s.source_line, coalesce(s.stratum, '') AS stratum, coalesce(s.weight, 1) AS weight, s.revenue, s.region_code AS place,
         CAST(date_trunc('quarter', s.quarter_start) + INTERVAL '3 months' AS DATE) - 1 AS due_on,
         CAST(s.visits_reported AS DECIMAL(18, 4)) AS visits,
         CASE WHEN s.hours_materials IS NOT NULL OR s.hours_escort IS NOT NULL
              THEN CAST(coalesce(s.hours_materials, 0) + coalesce(s.hours_escort, 0) AS DECIMAL(18, 4)) END AS hours,
         CASE WHEN s.cost_other IS NOT NULL OR s.cost_equipment IS NOT NULL
              THEN CAST(coalesce(s.cost_other, 0) + coalesce(s.cost_equipment, 0) AS DECIMAL(18, 4)) END AS cost
  FROM enterprise_burden_samples AS s
  WHERE end_of(s.quarter_start) <= $as_of
),
answers AS (
  SELECT sample_id, quarter, source_file, source_line, stratum, weight, revenue, place, due_on, 'visits' AS measure, visits AS answer FROM reports
  UNION ALL
  SELECT sample_id, quarter, source_file, source_line, stratum, weight, revenue, place, due_on, 'hours', hours FROM reports
  UNION ALL
  SELECT sample_id, quarter, source_file, source_line, stratum, weight, revenue, place, due_on, 'cost', cost FROM reports
),
in_areas AS (
  SELECT a.*, p.province AS region_code, true AS is_province
  FROM own_province AS p CROSS JOIN answers AS a
  WHERE end_of(a.due_on) > $from
  UNION ALL
  SELECT a.*, substr(a.place, 1, 4) || '00', false
  FROM answers AS a
  WHERE end_of(a.due_on) > $from AND length(a.place) >= 6 AND substr(a.place, 3, 2) <> '00'
),
middles AS (
  SELECT region_code, quarter, stratum, measure, median(answer) AS middle
  FROM in_areas
  GROUP BY region_code, quarter, stratum, measure
),
limits AS (
  SELECT a.region_code, a.quarter, a.stratum, a.measure,
         min(m.middle) + param('burden.winsor_mads', '', day_of($as_of - INTERVAL '1 second'))
                         * coalesce(nullif(median(abs(a.answer - m.middle)), 0), nullif(avg(abs(a.answer - m.middle)), 0) * 0.8453473) AS most
  FROM in_areas AS a
  JOIN middles AS m ON m.region_code = a.region_code AND m.quarter = a.quarter AND m.stratum = a.stratum AND m.measure = a.measure
  GROUP BY a.region_code, a.quarter, a.stratum, a.measure
),
sizes AS (
  SELECT region_code, quarter, count(DISTINCT sample_id) AS firms
  FROM in_areas
  GROUP BY region_code, quarter
),
judged AS (
  SELECT a.*, CAST(least(a.answer, coalesce(l.most, a.answer)) AS DECIMAL(18, 4)) AS amount,
         CASE WHEN NOT a.is_province AND z.firms < param('burden.minimum_firms', '', day_of($as_of - INTERVAL '1 second')) THEN 'too_few_firms'
              WHEN a.answer IS NULL THEN 'no_answer'
              WHEN a.weight <= 0 THEN 'no_weight'
              WHEN a.measure = 'cost' AND NOT coalesce(a.revenue > 0, false) THEN 'no_revenue' END AS excluded_because
  FROM in_areas AS a
  JOIN sizes AS z ON z.region_code = a.region_code AND z.quarter = a.quarter
  LEFT JOIN limits AS l ON l.region_code = a.region_code AND l.quarter = a.quarter AND l.stratum = a.stratum AND l.measure = a.measure
)
SELECT region_code, '' AS domain, sample_id || ' / ' || quarter AS record_id, source_file, source_line, sample_id, quarter, stratum, weight, measure,
       answer, amount, revenue, due_on, excluded_because,
       CASE WHEN measure = 'cost' AND revenue > 0 THEN CAST(amount / revenue AS DECIMAL(20, 12)) END AS share_of_revenue,
       CAST(weight * revenue AS DECIMAL(18, 2)) AS weighted_revenue,
       CASE WHEN excluded_because IS NOT NULL THEN 'excluded' WHEN end_of(due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM judged
