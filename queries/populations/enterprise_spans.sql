-- /// population
-- title = "企业名录的有效区间（互不重叠）"
-- grain = "one enterprise in one span of validity"
-- ///
--
-- 企业名录的各行，补上最后有效日：记录的最后有效日与该企业下一行生效的前一日，取较早的一日。
SELECT credit_code, kind, size, industry_code, region_code, risk_class, food_operator, regulated_kinds, established_on, status, valid_from,
       source_file, source_line,
       least(coalesce(valid_to, DATE '9999-12-31'),
             coalesce(lead(valid_from) OVER (PARTITION BY credit_code ORDER BY valid_from) - 1, DATE '9999-12-31')) AS valid_to
FROM enterprises
