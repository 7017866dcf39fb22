-- /// population
-- title = "企业名录的有效区间（互不重叠）"
-- grain = "one enterprise in one span of validity"
-- ///
--
-- The rows of enterprises with a last day: the recorded one, or the day before the enterprise's next row begins, whichever is earlier.
SELECT credit_code, kind, size, industry_code, region_code, risk_class, food_operator, established_on, status, valid_from,
       source_file, source_line,
       least(coalesce(valid_to, DATE '9999-12-31'),
             coalesce(lead(valid_from) OVER (PARTITION BY credit_code ORDER BY valid_from) - 1, DATE '9999-12-31')) AS valid_to
FROM enterprises
