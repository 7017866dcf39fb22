-- /// population
-- title = "企业名录的有效区间（互不重叠）"
-- grain = "one enterprise in one span of validity"
-- [columns]
-- is_gone = "已注销、吊销、撤销、停业、歇业或迁出"
-- ///
--
-- 企业名录的各行，补上最后有效日：记录的最后有效日与该企业下一行生效的前一日，取较早的一日。
-- `is_gone`：登记状态表明已注销、吊销、撤销、停业、歇业或迁出；没有登记状态的，视为在营。
SELECT credit_code, kind, size, industry_code, region_code, risk_class, food_operator, high_hazard, multi_department, regulated_kinds,
       established_on, status, coalesce(regexp_like(status, '注销|吊销|撤销|停业|歇业|迁出'), false) AS is_gone, valid_from,
       source_file, source_line,
       least(coalesce(valid_to, DATE '9999-12-31'),
             coalesce(lead(valid_from) OVER (PARTITION BY credit_code ORDER BY valid_from) - 1, DATE '9999-12-31')) AS valid_to
FROM enterprises
