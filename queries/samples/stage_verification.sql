-- /// sample
-- title = "阶段核验的事项"
-- basis = "2026考核计划 二 阶段核验"
-- size_of_stratum = 10
-- reserves = 0.2
-- ///
--
-- 抽样框：统计日所在季度内办结的行政处罚案件、行政检查、隐患整改，按来源记录逐项核验。层：执法主体，每层10项，不足10项的全部抽取。
-- 来源自行标记为已删除的案件和检查不在内。统计日不在名录中的单位编码也不在内。名单上是记录的编号，不是人。
WITH items AS (
  SELECT 'cases' AS source_table, record_id, unit_id, decided_on AS happened_on FROM case_register
  UNION ALL
  SELECT 'inspections', record_id, unit_id, checked_on FROM inspection_register
  UNION ALL
  SELECT 'hazards', hazard_id, unit_id, closed_on FROM hazards
)
SELECT concat(source_table, ' ', record_id) AS id, unit_id AS stratum, unit_id, source_table, record_id, happened_on
FROM items
WHERE unit_id IN (SELECT unit_id FROM unit_spans WHERE day_of($as_of - INTERVAL '1 second') BETWEEN valid_from AND valid_to)
  AND end_of(happened_on) <= $as_of
  AND happened_on >= CAST(date_trunc('quarter', day_of($as_of - INTERVAL '1 second')) AS DATE)
