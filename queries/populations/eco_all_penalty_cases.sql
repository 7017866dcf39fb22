-- /// population
-- title = "生态环境全部处罚案件与生态修复"
-- grain = "one penalty case of ecology and environment, decided by the as-of date"
-- ///
--
-- `eco_penalty_cases` 的各行，不论是否造成损害：计划所说的范围。没有剔除项。
SELECT unit_id, domain, record_id, source_file, source_line, decided_on, ordered_on, is_ordered_in_time,
       CAST(NULL AS VARCHAR) AS excluded_because, 'due' AS state
FROM eco_penalty_cases
