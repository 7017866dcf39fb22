-- /// population
-- title = "全部行政处罚决定"
-- grain = "one penalty"
-- ///
--
-- 全部行政处罚决定（不含不予处罚），不论数据截止日；已有决定日期而没有处理结果的，视为处罚。
-- `counted_on`：决定之日；没有决定日期的，为最早记录的日期，只用于确定月份。
-- `unit_region`：作出决定的单位当日的区划。`party_region`：当事人统一社会信用代码中的登记地（6位）；没有代码、代码不成形的为空。
SELECT c.*, coalesce(c.decided_on, c.opened_on) AS counted_on, coalesce(u.region_code, c.region_code) AS unit_region,
       CASE WHEN regexp_like(c.credit_code, '^[0-9A-Z]{2}[0-9]{6}[0-9A-Z]{10}$') THEN substr(c.credit_code, 3, 6) END AS party_region
FROM case_register AS c
LEFT JOIN unit_spans AS u ON u.unit_id = c.unit_id AND coalesce(c.decided_on, c.opened_on) BETWEEN u.valid_from AND u.valid_to
WHERE coalesce(c.ended_as, CASE WHEN c.decided_on IS NOT NULL THEN 'penalty' END) = 'penalty'
