-- /// finding
-- title      = "一图多用"
-- statistic  = "rule"
-- severity   = 4
-- pattern    = "同一份照片、视频或者笔录，用在数个互不相干的案件、检查之中"
-- benign     = "标准文书、表格的扫描件本就相同；一次检查、一条线索引出的数件案件共用证据；误传到别的案卷；同一地点、同一角度先后拍摄（画面相近）"
-- look_at    = "列出的文件原件及其拍摄时间；各案卷中该文件所证明的事实；上传账号和时间"
-- documented = "未见公开案例；检测规则目录 duplicate_media（散列值相同，或者感知哈希相距不超过 4 位，而属于两件以上案件）"
-- basis      = "行政处罚法 第46条（证据须经查证属实）；国办发〔2018〕118号；检测规则目录 duplicate_media"
-- ///
--
-- 考察统计期内有散列值的文件，每份每种迹象一行：证据文件中的照片、视频、音频（`sha256`，照片另看感知哈希 `phash`），未删除的执法音像记录，
-- 案卷文书中的现场笔录、询问笔录（`file_sha256`）。书证、电子数据和其他文书不在内：标准格式的扫描件可以相同，一份审核意见、讨论笔录也可以用于数件。
-- `文件相同`：散列值相同的文件属于两件以上互不相干的事；`画面相同`：文件不同，而照片的感知哈希相同；
--   `画面相近`：感知哈希相距不超过参数 `finding.duplicate_media.bits` 位（裁剪、压缩、调色之后仍是那张照片），只在同一单位的照片之间比较；
--   大体一样而多于参数 `pictures` 张的（白纸黑字的表格、空墙），彼此不比较，不作判断。在统计期以前已经用过的，同样算，不限单位。
--   用在数个单位的，最早用的那一份是被人用的，不列；只在一个单位的，或者都在同一日的，分不出先后，都列。
-- 同一件事：案件与它所由来的检查，同一次检查、同一条线索引出的数件案件，同一次综合查一次任务中各单位的检查，行政强制与其案件、检查。
-- 没有关联到任何案件、检查的文件不在内。全黑、全白画面的感知哈希（各位相同）不作比对。
WITH visits AS (
  SELECT inspection_id, case_id, coalesce('任务 ' || merged_visit_id, '检查 ' || inspection_id) AS visit
  FROM inspection_register
  WHERE end_of(checked_on) <= $as_of
),
case_matters AS (
  SELECT c.case_id, min(c.domain) AS domain, min(coalesce(v.visit, '检查 ' || c.inspection_id, '线索 ' || c.lead_id, '案件 ' || c.case_id)) AS matter
  FROM case_register AS c
  LEFT JOIN visits AS v ON v.inspection_id = c.inspection_id
  GROUP BY c.case_id
),
visit_matters AS (
  SELECT v.inspection_id, coalesce(m.matter, v.visit) AS matter
  FROM visits AS v
  LEFT JOIN case_matters AS m ON m.case_id = v.case_id
),
measures AS (
  SELECT measure_id, min(case_id) AS case_id, min(inspection_id) AS inspection_id FROM coercion_register GROUP BY measure_id
),
files AS (
  SELECT 'evidence_files' AS source_table, unit_id, domain, file_id AS record_id, source_file, source_line, created_on AS made_on, case_id, inspection_id,
         CAST(NULL AS VARCHAR) AS measure_id, lower(sha256) AS digest,
         CASE WHEN kind = 'photo' AND NOT regexp_like(lower(phash), '^(0+|f+)$') THEN lower(phash) END AS picture
  FROM evidence_files
  WHERE kind IN ('photo', 'video', 'audio') AND end_of(created_on) <= $as_of
  UNION ALL
  SELECT 'body_cam_recordings', unit_id, act_domain, record_id, source_file, source_line, shot_on, case_id, linked_inspection_id,
         linked_measure_id, lower(sha256), NULL
  FROM recording_register
  WHERE NOT coalesce(deleted, false) AND coalesce(media <> 'text', true) AND end_of(shot_on) <= $as_of
  UNION ALL
  SELECT 'case_documents', unit_id, domain, document_id, source_file, source_line, dated_on, case_id, NULL, NULL, lower(file_sha256), NULL
  FROM case_documents
  WHERE doc_kind IN ('site_record', 'inquiry_record') AND end_of(dated_on) <= $as_of
),
used AS (
  SELECT f.*, coalesce(f.domain, c.domain, 'other') AS act_domain,
         coalesce(c.matter, '案件 ' || f.case_id, v.matter, '检查 ' || f.inspection_id, d.matter, w.matter, '强制 ' || f.measure_id) AS matter,
         coalesce('案件 ' || f.case_id, '检查 ' || f.inspection_id, '强制 ' || f.measure_id) AS act
  FROM files AS f
  LEFT JOIN case_matters AS c ON c.case_id = f.case_id
  LEFT JOIN visit_matters AS v ON v.inspection_id = f.inspection_id
  LEFT JOIN measures AS m ON m.measure_id = f.measure_id
  LEFT JOIN case_matters AS d ON d.case_id = m.case_id
  LEFT JOIN visit_matters AS w ON w.inspection_id = m.inspection_id
  WHERE f.digest IS NOT NULL OR f.picture IS NOT NULL
),
-- Most files and pictures occur once: only of those that occur again is it asked in how many matters, for a set of names each is what memory goes to.
repeated_files AS (
  SELECT digest FROM files WHERE digest IS NOT NULL GROUP BY digest HAVING count(*) > 1
),
same_files AS (
  SELECT u.digest, count(DISTINCT u.matter) AS matters, min(u.act) AS first_act, max(u.act) AS last_act,
         count(DISTINCT u.unit_id) AS units, min(u.made_on) AS first_on, max(u.made_on) AS last_on
  FROM used AS u
  JOIN repeated_files AS r ON r.digest = u.digest
  WHERE u.matter IS NOT NULL
  GROUP BY u.digest
),
repeated_pictures AS (
  SELECT picture FROM files WHERE picture IS NOT NULL GROUP BY picture HAVING count(*) > 1
),
same_pictures AS (
  SELECT u.picture, count(DISTINCT u.matter) AS matters, min(u.act) AS first_act, max(u.act) AS last_act,
         count(DISTINCT u.unit_id) AS units, min(u.made_on) AS first_on, max(u.made_on) AS last_on
  FROM used AS u
  JOIN repeated_pictures AS r ON r.picture = u.picture
  WHERE u.matter IS NOT NULL
  GROUP BY u.picture
),
-- A picture of a matter once, however often it was put in. (By a number and not by GROUP BY: DataFusion 55 takes its keys for unique behind `unnest`, too, and
-- counts without DISTINCT.)
pictures AS (
  SELECT unit_id, act_domain, picture, matter, act, made_on
  FROM (SELECT *, row_number() OVER (PARTITION BY unit_id, picture, matter ORDER BY made_on DESC, record_id) AS nth
        FROM used
        WHERE picture IS NOT NULL AND matter IS NOT NULL) AS n
  WHERE nth = 1
),
-- Photos up to four bits apart share a band: an equal join, not each with each. (Counted by groups and not by a window, which holds all rows at once.)
banded AS (
  SELECT unit_id, act_domain, picture, matter, act, made_on, unnest(picture_bands(picture)) AS band FROM pictures
),
band_sizes AS (
  SELECT unit_id, band, count(*) AS pictures_in FROM banded GROUP BY unit_id, band HAVING count(*) > 1
),
beside AS (
  SELECT b.*, s.pictures_in > param('finding.duplicate_media.pictures', b.act_domain, day_of($as_of - INTERVAL '1 second')) AS is_crowded
  FROM banded AS b
  JOIN band_sizes AS s ON s.unit_id = b.unit_id AND s.band = b.band
),
near_pictures AS (
  SELECT u.unit_id, u.picture, u.matter, count(DISTINCT o.matter) AS others, min(o.act) AS other_act, min(picture_distance(u.picture, o.picture)) AS bits
  FROM beside AS u
  JOIN beside AS o ON o.unit_id = u.unit_id AND o.band = u.band
  WHERE NOT u.is_crowded AND NOT o.is_crowded AND o.matter <> u.matter AND o.picture <> u.picture AND u.made_on >= day_of($from)
    AND picture_distance(u.picture, o.picture) <= param('finding.duplicate_media.bits', u.act_domain, u.made_on)
  GROUP BY u.unit_id, u.picture, u.matter
),
crowded AS (
  SELECT DISTINCT unit_id, picture FROM beside WHERE is_crowded
)
SELECT u.unit_id, u.act_domain AS domain, u.source_table, u.record_id, u.source_file, u.source_line, '文件相同' AS sign,
       coalesce(s.matters > 1 AND (s.units = 1 OR u.made_on > s.first_on OR s.first_on = s.last_on), false) AS is_odd,
       concat(CAST(u.made_on AS VARCHAR), ' 的文件属于', u.act, '，与', CASE WHEN s.first_act = u.act THEN s.last_act ELSE s.first_act END,
              ' 的文件完全相同，共用于 ', CAST(s.matters AS VARCHAR), ' 件事') AS says
FROM used AS u
LEFT JOIN same_files AS s ON s.digest = u.digest
WHERE u.digest IS NOT NULL AND u.matter IS NOT NULL AND u.made_on >= day_of($from)
UNION ALL
SELECT u.unit_id, u.act_domain, u.source_table, u.record_id, u.source_file, u.source_line, '画面相同',
       coalesce(p.matters > 1 AND (p.units = 1 OR u.made_on > p.first_on OR p.first_on = p.last_on), false),
       concat(CAST(u.made_on AS VARCHAR), ' 的照片属于', u.act, '，与', CASE WHEN p.first_act = u.act THEN p.last_act ELSE p.first_act END,
              ' 的照片画面相同而文件不同，共用于 ', CAST(p.matters AS VARCHAR), ' 件事')
FROM used AS u
LEFT JOIN same_pictures AS p ON p.picture = u.picture
LEFT JOIN same_files AS s ON s.digest = u.digest
WHERE u.picture IS NOT NULL AND u.matter IS NOT NULL AND u.made_on >= day_of($from) AND coalesce(s.matters, 1) = 1
UNION ALL
SELECT u.unit_id, u.act_domain, u.source_table, u.record_id, u.source_file, u.source_line, '画面相近',
       CASE WHEN n.picture IS NOT NULL THEN true WHEN c.picture IS NULL THEN false END,
       concat(CAST(u.made_on AS VARCHAR), ' 的照片属于', u.act, '，与', n.other_act, ' 的照片画面相近（感知哈希相差 ', CAST(n.bits AS VARCHAR), ' 位），相近的照片属于 ',
              CAST(n.others AS VARCHAR), ' 件事')
FROM used AS u
LEFT JOIN same_pictures AS p ON p.picture = u.picture
LEFT JOIN near_pictures AS n ON n.unit_id = u.unit_id AND n.picture = u.picture AND n.matter = u.matter
LEFT JOIN crowded AS c ON c.unit_id = u.unit_id AND c.picture = u.picture
LEFT JOIN same_files AS s ON s.digest = u.digest
WHERE u.picture IS NOT NULL AND u.matter IS NOT NULL AND u.made_on >= day_of($from) AND coalesce(s.matters, 1) = 1 AND coalesce(p.matters, 1) = 1
