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
WITH files AS (
  SELECT *, coalesce('案件 ' || case_id, '检查 ' || inspection_id, '强制 ' || measure_id) AS act
  FROM (
    SELECT 'evidence_files' AS source_table, unit_id, domain, file_id AS record_id, source_file, source_line, created_on AS made_on, case_id, inspection_id,
           CAST(NULL AS VARCHAR) AS measure_id, lower(sha256) AS digest,
           CASE WHEN kind = 'photo' AND NOT regexp_like(lower(phash), '^(0+|f+)$') THEN lower(phash) END AS picture
    FROM evidence_files
    WHERE kind IN ('photo', 'video', 'audio') AND end_of(created_on) <= $as_of AND coalesce(case_id, inspection_id) IS NOT NULL
    UNION ALL
    SELECT 'body_cam_recordings', unit_id, act_domain, record_id, source_file, source_line, shot_on, case_id, linked_inspection_id,
           linked_measure_id, lower(sha256), NULL
    FROM recording_register
    WHERE NOT coalesce(deleted, false) AND coalesce(media <> 'text', true) AND end_of(shot_on) <= $as_of
      AND coalesce(case_id, linked_inspection_id, linked_measure_id) IS NOT NULL
    UNION ALL
    SELECT 'case_documents', unit_id, domain, document_id, source_file, source_line, dated_on, case_id, NULL, NULL, lower(file_sha256), NULL
    FROM case_documents
    WHERE doc_kind IN ('site_record', 'inquiry_record') AND end_of(dated_on) <= $as_of AND case_id IS NOT NULL
  ) AS f
),
-- Most files and pictures occur once. Only of those that occur again, or near another, is it asked to what matter they belong: millions of files stand on the
-- right of the joins below and pass by, what is held on the left is few.
repeated_files AS (
  SELECT digest FROM files WHERE digest IS NOT NULL GROUP BY digest HAVING count(*) > 1
),
repeated_pictures AS (
  SELECT picture FROM files WHERE picture IS NOT NULL GROUP BY picture HAVING count(*) > 1
),
-- Photos up to four bits apart share a band: an equal join, not each with each.
-- (Counted is a picture once for each act: no case is a crowd by itself, however often it was put in.)
banded AS (
  SELECT unit_id, picture, domain, acts, first_act, last_act, unnest(picture_bands(picture)) AS band
  FROM (SELECT unit_id, picture, min(domain) AS domain, count(*) AS acts, min(act) AS first_act, max(act) AS last_act
        FROM (SELECT unit_id, picture, act, min(domain) AS domain
              FROM files
              WHERE picture IS NOT NULL
              GROUP BY unit_id, picture, act) AS of_acts
        GROUP BY unit_id, picture) AS p
),
bands AS (
  SELECT unit_id, band, sum(acts) AS acts FROM banded GROUP BY unit_id, band HAVING count(*) > 1
),
beside AS (
  SELECT p.*, b.acts > param('finding.duplicate_media.pictures', p.domain, day_of($as_of - INTERVAL '1 second')) AS is_crowded
  FROM bands AS b
  JOIN banded AS p ON p.unit_id = b.unit_id AND p.band = b.band
),
near_pictures AS (
  SELECT DISTINCT u.unit_id, u.picture, o.picture AS other, picture_distance(u.picture, o.picture) AS bits
  FROM beside AS u
  JOIN beside AS o ON o.unit_id = u.unit_id AND o.band = u.band
  WHERE NOT u.is_crowded AND NOT o.is_crowded AND o.picture <> u.picture
    -- The pictures of one act alone are of one matter.
    AND NOT (u.first_act = u.last_act AND o.first_act = o.last_act AND u.first_act = o.first_act)
    AND picture_distance(u.picture, o.picture) <= param('finding.duplicate_media.bits', u.domain, day_of($as_of - INTERVAL '1 second'))
),
-- (Not DISTINCT: DataFusion 55 takes keys of a GROUP BY for unique behind `unnest`, too, and would leave every band's row.)
crowded AS (
  SELECT unit_id, picture, count(*) AS bands FROM beside WHERE is_crowded GROUP BY unit_id, picture
),
suspects AS (
  SELECT f.* FROM repeated_files AS r JOIN files AS f ON f.digest = r.digest
  UNION
  SELECT f.* FROM repeated_pictures AS r JOIN files AS f ON f.picture = r.picture
  UNION
  SELECT f.* FROM (SELECT DISTINCT unit_id, picture FROM near_pictures) AS n JOIN files AS f ON f.unit_id = n.unit_id AND f.picture = n.picture
),
-- Each looks one thing up for the few: the measure of a file, the inspection and the case of the one or the other, and the inspection that the case came of.
-- (One after the other: what a file of SQL reads twice is planned twice, with all that it reads itself.)
measured AS (
  SELECT s.*, m.case_id AS measure_case, m.inspection_id AS measure_inspection
  FROM suspects AS s
  LEFT JOIN (SELECT measure_id, min(case_id) AS case_id, min(inspection_id) AS inspection_id FROM coercion_register GROUP BY measure_id) AS m
    ON m.measure_id = s.measure_id
),
visits AS (
  SELECT inspection_id, case_id, coalesce('任务 ' || merged_visit_id, '检查 ' || inspection_id) AS visit
  FROM inspection_register
  WHERE end_of(checked_on) <= $as_of
),
visited AS (
  SELECT s.*, i.case_id AS visit_case, i.visit
  FROM measured AS s
  LEFT JOIN visits AS i ON i.inspection_id = coalesce(s.inspection_id, s.measure_inspection)
),
filed AS (
  SELECT s.*, c.case_id AS found_case, c.inspection_id AS case_inspection, c.lead_id
  FROM (SELECT *, CASE WHEN case_id IS NOT NULL THEN case_id WHEN inspection_id IS NOT NULL THEN visit_case ELSE coalesce(measure_case, visit_case) END AS of_case
        FROM visited) AS s
  LEFT JOIN case_register AS c ON c.case_id = s.of_case
),
used AS (
  SELECT f.*,
         CASE WHEN f.found_case IS NOT NULL
                THEN coalesce(i.visit, '检查 ' || f.case_inspection, '线索 ' || f.lead_id, '案件 ' || f.found_case)
              ELSE coalesce('案件 ' || f.case_id, f.visit, '检查 ' || f.inspection_id, '强制 ' || f.measure_id) END AS matter
  FROM filed AS f
  LEFT JOIN visits AS i ON i.inspection_id = f.case_inspection
),
same_files AS (
  SELECT digest, count(DISTINCT matter) AS matters, min(act) AS first_act, max(act) AS last_act,
         count(DISTINCT unit_id) AS units, min(made_on) AS first_on, max(made_on) AS last_on
  FROM used
  WHERE digest IS NOT NULL
  GROUP BY digest
  HAVING count(DISTINCT matter) > 1
),
same_pictures AS (
  SELECT picture, count(DISTINCT matter) AS matters, min(act) AS first_act, max(act) AS last_act,
         count(DISTINCT unit_id) AS units, min(made_on) AS first_on, max(made_on) AS last_on
  FROM used
  WHERE picture IS NOT NULL
  GROUP BY picture
  HAVING count(DISTINCT matter) > 1
),
near_files AS (
  SELECT u.record_id, count(DISTINCT o.matter) AS matters, min(o.act) AS other_act, min(n.bits) AS bits
  FROM near_pictures AS n
  JOIN used AS u ON u.unit_id = n.unit_id AND u.picture = n.picture
  JOIN used AS o ON o.unit_id = n.unit_id AND o.picture = n.other
  WHERE o.matter <> u.matter
  GROUP BY u.record_id
),
case_domains AS (
  SELECT c.case_id, min(c.domain) AS domain
  FROM (SELECT DISTINCT case_id FROM files WHERE domain IS NULL AND case_id IS NOT NULL) AS f
  JOIN case_register AS c ON c.case_id = f.case_id
  GROUP BY c.case_id
),
of_domains AS (
  SELECT f.*, coalesce(f.domain, c.domain, 'other') AS act_domain
  FROM case_domains AS c
  RIGHT JOIN files AS f ON c.case_id = CASE WHEN f.domain IS NULL THEN f.case_id END
  WHERE f.made_on >= day_of($from)
),
beside_files AS (
  SELECT f.*, s.matters AS same_matters, s.units = 1 OR f.made_on > s.first_on OR s.first_on = s.last_on AS same_is_odd,
         CASE WHEN s.first_act = f.act THEN s.last_act ELSE s.first_act END AS same_act
  FROM same_files AS s
  RIGHT JOIN of_domains AS f ON s.digest = f.digest
),
beside_pictures AS (
  SELECT f.*, p.matters AS picture_matters, p.units = 1 OR f.made_on > p.first_on OR p.first_on = p.last_on AS picture_is_odd,
         CASE WHEN p.first_act = f.act THEN p.last_act ELSE p.first_act END AS picture_act
  FROM same_pictures AS p
  RIGHT JOIN beside_files AS f ON p.picture = f.picture
),
beside_near AS (
  SELECT f.*, n.matters AS near_matters, n.other_act AS near_act, n.bits
  FROM near_files AS n
  RIGHT JOIN beside_pictures AS f ON n.record_id = f.record_id AND f.picture IS NOT NULL
),
compared AS (
  SELECT f.*, c.picture IS NOT NULL AS is_crowded
  FROM crowded AS c
  RIGHT JOIN beside_near AS f ON c.unit_id = f.unit_id AND c.picture = f.picture
)
SELECT f.unit_id, f.act_domain AS domain, f.source_table, f.record_id, f.source_file, f.source_line, s.sign,
       CASE s.sign
         WHEN '文件相同' THEN coalesce(f.same_is_odd, false)
         WHEN '画面相同' THEN coalesce(f.picture_is_odd, false)
         ELSE CASE WHEN f.near_matters IS NOT NULL THEN true WHEN NOT f.is_crowded THEN false END
       END AS is_odd,
       CASE s.sign
         WHEN '文件相同' THEN concat(CAST(f.made_on AS VARCHAR), ' 的文件属于', f.act, '，与', f.same_act, ' 的文件完全相同，共用于 ', CAST(f.same_matters AS VARCHAR), ' 件事')
         WHEN '画面相同' THEN concat(CAST(f.made_on AS VARCHAR), ' 的照片属于', f.act, '，与', f.picture_act, ' 的照片画面相同而文件不同，共用于 ',
                                     CAST(f.picture_matters AS VARCHAR), ' 件事')
         ELSE concat(CAST(f.made_on AS VARCHAR), ' 的照片属于', f.act, '，与', f.near_act, ' 的照片画面相近（感知哈希相差 ', CAST(f.bits AS VARCHAR),
                     ' 位），相近的照片属于 ', CAST(f.near_matters AS VARCHAR), ' 件事')
       END AS says,
       concat_ws(' ', CAST(f.made_on AS VARCHAR), CAST(f.digest AS VARCHAR), CAST(f.picture AS VARCHAR)) AS judged
FROM (VALUES ('文件相同'), ('画面相同'), ('画面相近')) AS s (sign)
CROSS JOIN compared AS f
WHERE CASE s.sign
        WHEN '文件相同' THEN f.digest IS NOT NULL
        WHEN '画面相同' THEN f.picture IS NOT NULL AND f.same_matters IS NULL
        ELSE f.picture IS NOT NULL AND f.same_matters IS NULL AND f.picture_matters IS NULL
      END
