-- /// population
-- title = "应当全过程音像记录的现场执法行为"
-- grain = "one inspection, coercive measure or coercive execution that began by the as-of date"
-- [excluded]
-- not_onsite = "书面、线上或非现场检查，没有入企"
-- freeze = "冻结存款、汇款，不是现场行为"
-- [columns]
-- is_filmed = "有与行为重合的有效音像记录"
-- ///
--
-- 现场检查、强制措施和强制执行。数据中看不出是否属于依法可以不作音像记录的情形，一律视为应当记录。
-- `is_filmed`：至少有一份有效的音像记录与行为重合：未删除的视频、音频，重合达到行为时长的 `recording.overlap_share_min`，
-- 或者满 `recording.minutes_min`。以关联到该行为的记录为准；没有关联到任何行为的记录，由同一单位执行该次检查的人员在检查起止之间拍摄的，
-- 也算（关联多靠人工补做，不因漏关联而否认有记录）。
-- 行为没有结束时刻的（强制都没有），以当日24时为止；开始时刻也没有的，以当日为其起止：只看关联的记录是否满最短时长。时刻缺漏不使行为退出分母。
-- `due_at`：记录应当上传的最后时刻（`upload.target`，自行为结束起算），此前为未到期。
WITH acts AS (
  SELECT 'inspections' AS source_table, i.unit_id, i.act_domain AS domain, i.record_id, i.source_file, i.source_line, i.officers, i.checked_on AS acted_on,
         coalesce(i.checked_from, end_of(i.checked_on - 1)) AS act_from,
         CASE WHEN i.checked_to >= i.checked_from THEN i.checked_to ELSE end_of(coalesce(day_of(i.checked_from), i.checked_on)) END AS act_to,
         coalesce(i.checked_to >= i.checked_from, false) AS has_both_times,
         CASE WHEN NOT i.is_onsite THEN 'not_onsite' END AS excluded_because
  FROM inspection_register AS i
  WHERE end_of(i.checked_on) <= $as_of
  UNION ALL
  SELECT 'coercive_measures', m.unit_id, m.act_domain, m.record_id, m.source_file, m.source_line, m.officers, coalesce(day_of(m.began_at), m.started_on),
         coalesce(m.began_at, end_of(m.started_on - 1)),
         end_of(coalesce(day_of(m.began_at), m.started_on)), false,
         CASE WHEN m.kind = 'freeze' THEN 'freeze' END
  FROM coercion_register AS m
  WHERE end_of(coalesce(day_of(m.began_at), m.started_on)) <= $as_of
),
films AS (
  SELECT record_id, unit_id, officer_id, shot_on, shot_at, taken_to, is_linked, linked_inspection_id, linked_measure_id
  FROM recording_register
  WHERE is_film AND NOT coalesce(deleted, false) AND shot_at IS NOT NULL AND coalesce(imported_at < $as_of, true)
),
chosen AS (
  SELECT a.source_table, a.record_id, a.domain, a.acted_on, a.act_from, a.act_to, a.has_both_times, f.shot_at, f.taken_to
  FROM acts AS a
  JOIN films AS f ON f.linked_inspection_id = a.record_id
  WHERE a.source_table = 'inspections'
  UNION ALL
  SELECT a.source_table, a.record_id, a.domain, a.acted_on, a.act_from, a.act_to, a.has_both_times, f.shot_at, f.taken_to
  FROM acts AS a
  JOIN films AS f ON f.linked_measure_id = a.record_id
  WHERE a.source_table = 'coercive_measures'
  UNION ALL
  SELECT a.source_table, a.record_id, a.domain, a.acted_on, a.act_from, a.act_to, a.has_both_times, f.shot_at, f.taken_to
  FROM (SELECT *, unnest(officers) AS officer FROM acts WHERE has_both_times) AS a
  JOIN films AS f ON f.unit_id = a.unit_id AND f.officer_id = a.officer AND f.shot_on = a.acted_on
  WHERE NOT f.is_linked
),
measured AS (
  SELECT source_table, record_id, domain, acted_on, has_both_times,
         CAST(act_to AS BIGINT) - CAST(act_from AS BIGINT) AS act_length,
         CAST(least(act_to, taken_to) AS BIGINT) - CAST(greatest(act_from, shot_at) AS BIGINT) AS overlap
  FROM chosen
),
filmed AS (
  SELECT source_table, record_id
  FROM measured
  WHERE overlap >= 60000000 * param('recording.minutes_min', domain, acted_on)
     OR has_both_times AND overlap >= act_length * param('recording.overlap_share_min', domain, acted_on)
  GROUP BY source_table, record_id
)
SELECT s.*, CASE WHEN s.excluded_because IS NOT NULL THEN 'excluded' WHEN s.due_at <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT a.source_table, a.unit_id, a.domain, a.record_id, a.source_file, a.source_line, a.acted_on, a.act_from, a.act_to, a.excluded_because,
         f.record_id IS NOT NULL AS is_filmed,
         due_at('upload.target', a.domain, a.act_to) AS due_at
  FROM acts AS a
  LEFT JOIN filmed AS f ON f.source_table = a.source_table AND f.record_id = a.record_id
) AS s
