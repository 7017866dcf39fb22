-- /// sample
-- title = "企业执法负担调查样本"
-- basis = "2026考核计划 一(三) 企业执法负担指数：选取100家中小微企业"
-- size = 100
-- minimum = 8
-- allocation = "neyman"
-- rotation = 0.25
-- reserves = 0.5
-- ///
--
-- 抽样框：统计日在营的小微企业和中型企业，含个体工商户；大型企业不在内。层：规模三类 × 风险两类（C、D级为较高，其余和没有评级的为一般）。
-- 各层至少8家，其余按奈曼分配：层内企业数 × 上一年配合检查时间的标准差。没有调查过的层，按各层平均。
-- 每次轮换四分之一：在样最久的先退出，转满一圈以前不再入样。企业不愿意或找不到的，按名单上同层的备选顺序替补，不得跨层，不得自选。
-- `deviation` 只用于分配，不进名单。没有规模的企业不能归层，不在抽样框内：先补登记。
WITH firms AS (
  SELECT credit_code, region_code, industry_code, size, risk_class,
         concat(CASE size WHEN 'micro' THEN '微型' WHEN 'small' THEN '小型' ELSE '中型' END, '/',
                CASE WHEN risk_class IN ('C', 'D') THEN '较高风险' ELSE '一般风险' END) AS stratum
  FROM enterprise_spans
  WHERE day_of($as_of - INTERVAL '1 second') BETWEEN valid_from AND valid_to
    AND NOT is_gone AND size IN ('micro', 'small', 'medium')
),
answers AS (
  SELECT f.stratum, CAST(coalesce(s.hours_materials, 0) + coalesce(s.hours_escort, 0) AS DOUBLE) AS hours
  FROM enterprise_burden_samples AS s
  JOIN firms AS f ON f.credit_code = s.credit_code
  WHERE (s.hours_materials IS NOT NULL OR s.hours_escort IS NOT NULL)
    AND s.quarter_start > day_of($as_of - INTERVAL '1 second') - INTERVAL '1 year'
),
spreads AS (
  SELECT stratum, stddev(hours) AS spread FROM answers GROUP BY stratum HAVING count(*) >= 8
)
SELECT f.credit_code AS id, f.stratum, p.spread AS deviation, f.region_code, f.industry_code, f.size, f.risk_class
FROM firms AS f
LEFT JOIN spreads AS p ON p.stratum = f.stratum
