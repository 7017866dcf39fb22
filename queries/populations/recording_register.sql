-- /// population
-- title = "执法音像记录及其起止"
-- grain = "one file of a body camera shot by the as-of date"
-- [columns]
-- taken_to = "拍摄结束的时刻"
-- ///
--
-- 截至数据截止日已经拍摄的每个文件，包括此后被删除的（删除不能掩盖没有按时上传）。
-- `act_domain`：来源没有填写领域的（音像索引大多没有），依次为所关联的检查、强制的领域，单位唯一的领域，其他（other）。
-- `taken_to`：拍摄结束的时刻；没有记录的，为开始时刻加时长。
-- `is_film`：视频或者音频；没有填写媒体类型的，视为视频。照片、日志不是全过程记录。
-- `linked_inspection_id`、`linked_measure_id`：截至数据截止时点已关联的检查、强制；`is_linked`：已关联到任一行为（含案件）。
SELECT r.*, r.file_no AS record_id,
       coalesce(r.domain, i.act_domain, m.act_domain,
                CASE WHEN cardinality(u.domain_list) = 1 THEN array_element(u.domain_list, 1) END, 'other') AS act_domain,
       coalesce(r.ended_at, arrow_cast(CAST(r.shot_at AS BIGINT) + 1000000 * coalesce(r.duration_s, 0), 'Timestamp(Microsecond, Some("UTC"))')) AS taken_to,
       coalesce(r.media, 'video') IN ('video', 'audio') AS is_film,
       CASE WHEN coalesce(r.linked_at < $as_of, true) THEN r.inspection_id END AS linked_inspection_id,
       CASE WHEN coalesce(r.linked_at < $as_of, true) THEN r.measure_id END AS linked_measure_id,
       coalesce(r.linked_at < $as_of, true) AND coalesce(r.inspection_id, r.measure_id, r.case_id) IS NOT NULL AS is_linked
FROM body_cam_recordings AS r
LEFT JOIN inspection_register AS i ON i.inspection_id = r.inspection_id
LEFT JOIN coercion_register AS m ON m.measure_id = r.measure_id
LEFT JOIN unit_spans AS u ON u.unit_id = r.unit_id AND r.shot_on BETWEEN u.valid_from AND u.valid_to
WHERE end_of(r.shot_on) <= $as_of
