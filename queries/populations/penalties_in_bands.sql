-- /// population
-- title = "有裁量幅度的处罚"
-- grain = "one penalty decided by the as-of date for which the case records the band of the benchmark"
-- [columns]
-- region = "处罚地所在的县"
-- band_position = "罚款在裁量幅度内的位置"
-- ///
--
-- 截至数据截止日已作出、案件记有裁量基准上下限的行政处罚，供比较相邻地区同案同罚；没有区划或者事项编码的无从比较，不在本口径内。
-- `severity`：裁量档次，没有填写的为空文本。`band_position`：罚款在幅度内的位置，0为下限，1为上限；没有罚款金额的为空。
-- 位置只说明两地罚得是否一样，不说明多或少。
SELECT unit_id, domain, record_id, source_file, source_line, substr(region_code, 1, 6) AS region, item_code, coalesce(severity, '') AS severity,
       decided_on, CAST((fine_amount - benchmark_min) / (benchmark_max - benchmark_min) AS DECIMAL(18, 6)) AS band_position
FROM case_register
WHERE ended_as = 'penalty' AND region_code IS NOT NULL AND item_code IS NOT NULL AND benchmark_max > benchmark_min
  AND end_of(decided_on) <= $as_of
