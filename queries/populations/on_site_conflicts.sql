-- /// population
-- title = "现场执法冲突"
-- grain = "one recorded dispute on the spot"
-- [columns]
-- is_resolved = "已化解"
-- ///
--
-- 截至数据截止日有记录的城市管理现场执法冲突。`is_resolved`：以说服教育或行政指导化解，且无人受伤；
-- 有人受伤或者出警的，一律不算化解，没有记录结果的也不算。
SELECT unit_id, domain, conflict_id AS record_id, source_file, source_line, happened_on, 'due' AS state,
       CAST(NULL AS VARCHAR) AS excluded_because,
       coalesce(resolved_by IN ('persuasion', 'guidance'), false) AND NOT coalesce(injury, false) AS is_resolved
FROM conflicts
WHERE domain = 'urban' AND end_of(happened_on) <= $as_of
