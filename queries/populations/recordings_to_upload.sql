-- /// population
-- title = "应在目标时限内上传的音像记录"
-- grain = "one file of a body camera shot by the as-of date"
-- [excluded]
-- text_log = "文本、日志，不是音像记录"
-- no_shot_time = "没有拍摄时刻，24小时无从起算"
-- [columns]
-- stored_at = "导入采集站或者上传平台的时刻"
-- ///
--
-- `due_at`：上传的最后时刻（`upload.target`），自拍摄结束起算，夜间和节假日照常计时；没有拍摄时刻的，自当日24时推算，只用于确定月份。
-- `stored_at`：导入采集站与上传平台中较早的时刻；始终没有导入的为空。已删除的文件照样计入。
SELECT s.*, CASE WHEN s.excluded_because IS NOT NULL THEN 'excluded' WHEN s.due_at <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT r.unit_id, r.act_domain AS domain, r.record_id, r.source_file, r.source_line, r.media, r.shot_at, r.taken_to,
         least(CASE WHEN r.imported_at < $as_of THEN r.imported_at END, CASE WHEN r.uploaded_at < $as_of THEN r.uploaded_at END) AS stored_at,
         due_at('upload.target', r.act_domain, coalesce(r.taken_to, end_of(r.shot_on) - INTERVAL '1 second')) AS due_at,
         CASE WHEN r.media = 'text' THEN 'text_log'
              WHEN r.taken_to IS NULL THEN 'no_shot_time' END AS excluded_because
  FROM recording_register AS r
) AS s
