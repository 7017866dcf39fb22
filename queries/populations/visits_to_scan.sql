-- /// population
-- title = "应在开始前扫码（亮码）的入企检查"
-- grain = "one inspection"
-- [excluded]
-- emergency = "突发事件检查，已按期补办备案"
-- [columns]
-- is_scanned = "开始前已扫码（亮码）"
-- ///
--
-- 各次入企检查（见 `enterprise_visits`）。`due_at`：检查开始的时刻。`is_scanned`：检查当日、开始的时刻或之前扫码；前几日扫的码不是这次检查的。
-- 突发事件检查按期补办了备案的，予以剔除；自报突发事件而没有备案的，照样计入；补办时限未满又没有补办的，未到期。
SELECT v.*, CASE WHEN v.excluded_because IS NOT NULL THEN 'excluded' WHEN v.is_open THEN 'pending' ELSE 'due' END AS state
FROM (
  SELECT unit_id, domain, record_id, source_file, source_line, checked_on, began_at AS due_at, scanned_at, trigger_kind,
         coalesce(scanned_at <= began_at AND day_of(scanned_at) = checked_on, false) AS is_scanned,
         state = 'pending' AS is_open,
         CASE WHEN excluded_because IS NOT NULL THEN excluded_because
              WHEN trigger_kind = 'emergency' AND is_case_driven THEN 'emergency' END AS excluded_because
  FROM enterprise_visits
) AS v
