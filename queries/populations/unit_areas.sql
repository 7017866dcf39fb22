-- /// population
-- title = "执法主体所辖区划的前缀"
-- grain = "one unit in one span of validity"
-- ///
--
-- `area`：所辖区划代码中有意义的前几位：省两位，市四位，县六位，乡镇九位。以它开头的区划代码在所辖范围之内。
SELECT *, CASE WHEN substr(region_code, 3, 4) = '0000' THEN substr(region_code, 1, 2)
               WHEN substr(region_code, 5, 2) = '00' THEN substr(region_code, 1, 4)
               WHEN length(region_code) = 12 THEN substr(region_code, 1, 9)
               ELSE region_code END AS area
FROM unit_spans
