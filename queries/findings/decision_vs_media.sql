-- /// finding
-- title      = "文书日期早于依据"
-- statistic  = "rule"
-- severity   = 4
-- pattern    = "决定书、告知书的落款日期，早于文书自身的签署、制作，或者早于所依据的照片、音像形成之日；案件登记的决定日期早于决定书"
-- benign     = "纸质文书事后扫描入库（扫描件不计）；决定后、送达前的复查或者送达未成的录像被关联到本案；音像由人工关联，关联到别的案件；相机或者记录仪的时钟有误；文书补正后重新签章"
-- look_at    = "文书原件的落款与用印登记；电子签章日志；所列音像的原始文件属性和拍摄内容；审批流程日志；送达回证"
-- documented = "登记在前：四川某市2024至2025年，2024-09-09立案、12-11决定，办案单位以12-04的内部意见、12-05的电话为由，监督机关认定只看决定书载明的日期"
-- basis      = "行政处罚法 第46条（证据须经查证属实，方可作为认定案件事实的根据）；检测规则目录 decision_vs_media"
-- ///
-- 考察的记录：案件的决定书（含当场处罚、不予处罚）和告知书，一件文书每种迹象一行；没有决定书一行的案件，以案件所载的决定日期代替。
--
-- “签署在后”：签署之日比落款日期晚，多于参数 `finding.decision_vs_media.signing_days` 的工作日数（现为一：下一个工作日用印的不列）。没有签署时刻的，不作判断。
-- “制作在后”：没有签署时刻的文书，其文件在落款日期以后多于参数 `finding.decision_vs_media.late_days` 的天数才制作。制作之日取下列各项中最早的：
--   电子送达的文书在系统中录入之日，与文书哈希相同的电子数据形成之日，形成该文书的环节开始之日。都没有的，不作判断。
--   纸质文书的录入、扫描不是制作，不论隔多久都不计；批量装载的录入时刻（同一分钟内的行数、单位数达到参数 `finding.migration.*`，行数远多于平常一分钟的）也不计。
-- “证据在后”：所依据的照片、音像、电子数据在落款日期以后才形成。形成之日取图像自带的拍摄时刻，没有的取取证时刻；执法记录仪取拍摄之日，已删除的不计。
--   案件由某次检查而来的，看该次检查的证据；直接关联到案件的证据，只用于决定书，并且只看送达以前形成的：
--   送达当日及其后的，可能是送达、执行、复查的记录；没有送达日期的，其后形成的无从判断，不计。书证（含扫描件、笔录）等不计：其时刻是入库，不是形成。
-- “登记在前”：案件所登记的决定日期，早于决定书的落款日期（有数份决定书的，取最早的一份）。以内部意见、电话为决定之日的，正是此种；以决定书载明的日期为准。
-- 计入的日期：落款日期与签署、制作、证据形成之日中较晚的一日，即先后不合显现之日；上年落款、本年签署的，计入本年。
WITH decisions AS (
  SELECT unnest(make_array('decision', 'simple_decision', 'no_penalty_decision')) AS doc_kind
),
minutes AS (
  SELECT date_trunc('minute', created_at) AS created_minute, count(*) AS rows_entered, count(DISTINCT unit_id) AS units
  FROM case_documents
  WHERE created_at < $as_of
  GROUP BY 1
),
bulk AS (
  SELECT m.created_minute
  FROM (SELECT CASE WHEN count(*) >= param('finding.migration.minutes', 'other', day_of($as_of - INTERVAL '1 second')) THEN median(rows_entered) ELSE 0 END AS rows_entered FROM minutes) AS u
  CROSS JOIN minutes AS m
  WHERE m.rows_entered >= param('finding.migration.rows', 'other', day_of($as_of - INTERVAL '1 second'))
    AND m.rows_entered >= u.rows_entered * param('finding.migration.times', 'other', day_of($as_of - INTERVAL '1 second'))
    AND m.units >= param('finding.migration.units', 'other', day_of($as_of - INTERVAL '1 second'))
),
electronic_files AS (
  SELECT sha256, day_of(min(least(exif_time, captured_at, created_at))) AS made_on
  FROM evidence_files
  WHERE kind = 'electronic' AND sha256 IS NOT NULL AND least(exif_time, captured_at, created_at) < $as_of
  GROUP BY sha256
),
first_decisions AS (
  SELECT case_id, doc_kind, first_on
  FROM (SELECT d.case_id, d.doc_kind, d.dated_on AS first_on, row_number() OVER (PARTITION BY d.case_id ORDER BY d.dated_on, d.doc_kind) AS nth
        FROM case_documents AS d
        JOIN decisions AS k ON k.doc_kind = d.doc_kind
        WHERE end_of(d.dated_on) <= $as_of) AS n
  WHERE nth = 1
),
beginnings AS (
  SELECT document_id, day_of(min(started_at)) AS began_on
  FROM case_stages
  WHERE document_id IS NOT NULL AND started_at < $as_of
  GROUP BY document_id
),
papers AS (
  SELECT 'case_documents' AS source_table, d.document_id AS record_id, d.unit_id, coalesce(c.domain, d.domain, 'other') AS domain,
         d.source_file, d.source_line, d.case_id, c.inspection_id, k.doc_kind IS NOT NULL AS is_decision, d.dated_on,
         CASE WHEN f.first_on IS NOT NULL THEN c.decided_on END AS registered_on,
         CASE WHEN d.signed_at < $as_of THEN day_of(d.signed_at) END AS signed_on,
         coalesce(CASE WHEN d.served_at < $as_of THEN day_of(d.served_at) END, c.delivered_on) AS served_on,
         least(CASE WHEN d.service_method = 'electronic' AND d.created_at < $as_of AND b.created_minute IS NULL THEN day_of(d.created_at) END,
               e.made_on, s.began_on) AS made_on
  FROM case_documents AS d
  LEFT JOIN decisions AS k ON k.doc_kind = d.doc_kind
  LEFT JOIN case_register AS c ON c.case_id = d.case_id
  LEFT JOIN first_decisions AS f ON f.case_id = d.case_id AND f.doc_kind = d.doc_kind AND f.first_on = d.dated_on
  LEFT JOIN bulk AS b ON b.created_minute = date_trunc('minute', d.created_at)
  LEFT JOIN electronic_files AS e ON e.sha256 = d.file_sha256
  LEFT JOIN beginnings AS s ON s.document_id = d.document_id
  WHERE (k.doc_kind IS NOT NULL OR d.doc_kind IN ('prior_notice', 'hearing_right_notice', 'offsite_notice')) AND end_of(d.dated_on) <= $as_of
  UNION ALL
  SELECT 'cases', c.record_id, c.unit_id, c.domain, c.source_file, c.source_line, c.case_id, c.inspection_id, true, c.decided_on,
         CAST(NULL AS DATE), CAST(NULL AS DATE), c.delivered_on, CAST(NULL AS DATE)
  FROM case_register AS c
  LEFT ANTI JOIN (SELECT d.case_id FROM case_documents AS d JOIN decisions AS k ON k.doc_kind = d.doc_kind) AS w ON w.case_id = c.case_id
  WHERE end_of(c.decided_on) <= $as_of
),
media AS (
  SELECT file_id AS media_id, case_id, inspection_id, day_of(coalesce(exif_time, captured_at)) AS formed_on
  FROM evidence_files
  WHERE kind IN ('photo', 'video', 'audio', 'electronic') AND coalesce(exif_time, captured_at) < $as_of
  UNION ALL
  SELECT record_id, CASE WHEN coalesce(linked_at < $as_of, true) THEN case_id END, linked_inspection_id, shot_on
  FROM recording_register
  WHERE NOT coalesce(deleted, false) AND coalesce(media, 'video') <> 'text'
),
cited AS (
  SELECT p.source_table, p.record_id, p.dated_on, m.media_id, m.formed_on
  FROM papers AS p
  JOIN media AS m ON m.inspection_id = p.inspection_id
  UNION
  SELECT p.source_table, p.record_id, p.dated_on, m.media_id, m.formed_on
  FROM papers AS p
  JOIN media AS m ON m.case_id = p.case_id
  WHERE p.is_decision AND (m.formed_on <= p.dated_on OR m.formed_on < p.served_on)
),
evidence AS (
  SELECT source_table, record_id, count(*) FILTER (WHERE formed_on > dated_on) AS later,
         min(formed_on) FILTER (WHERE formed_on > dated_on) AS first_on,
         min(concat(CAST(formed_on AS VARCHAR), ' ', media_id)) FILTER (WHERE formed_on > dated_on) AS first_media
  FROM cited
  GROUP BY source_table, record_id
),
signs AS (
  SELECT p.source_table, p.record_id, p.unit_id, p.domain, p.source_file, p.source_line, s.sign,
         greatest(p.dated_on, CASE s.sign WHEN '签署在后' THEN p.signed_on WHEN '制作在后' THEN p.made_on WHEN '证据在后' THEN e.first_on END) AS seen_on,
         CASE s.sign
           WHEN '签署在后' THEN CASE WHEN p.signed_on > p.dated_on THEN workdays_between(p.dated_on, p.signed_on)
                                     WHEN p.signed_on IS NOT NULL THEN 0 END > param('finding.decision_vs_media.signing_days', p.domain, p.dated_on)
           WHEN '制作在后' THEN CASE WHEN p.signed_on IS NULL
                                     THEN p.made_on - p.dated_on > param('finding.decision_vs_media.late_days', p.domain, p.dated_on) END
           WHEN '证据在后' THEN e.later > 0
           ELSE p.registered_on < p.dated_on
         END AS is_odd,
         concat(CASE WHEN p.is_decision THEN '决定' ELSE '告知' END, '落款 ', CAST(p.dated_on AS VARCHAR),
                CASE s.sign
                  WHEN '签署在后' THEN concat('，签署 ', CAST(p.signed_on AS VARCHAR), '，晚 ', CAST(p.signed_on - p.dated_on AS VARCHAR), ' 天')
                  WHEN '制作在后' THEN concat('，文件制作 ', CAST(p.made_on AS VARCHAR), '，晚 ', CAST(p.made_on - p.dated_on AS VARCHAR), ' 天')
                  WHEN '登记在前' THEN concat('，案件登记的决定日期为 ', CAST(p.registered_on AS VARCHAR), '，早 ', CAST(p.dated_on - p.registered_on AS VARCHAR), ' 天')
                  ELSE concat('，所依据的 ', CAST(e.later AS VARCHAR), ' 件音像、电子数据形成在后，最早的为 ', e.first_media)
                END) AS says
  FROM (VALUES ('签署在后'), ('制作在后'), ('证据在后'), ('登记在前')) AS s (sign)
  CROSS JOIN papers AS p
  LEFT JOIN evidence AS e ON e.source_table = p.source_table AND e.record_id = p.record_id
)
SELECT unit_id, domain, source_table, record_id, source_file, source_line, sign, is_odd, says
FROM signs
WHERE is_odd IS NOT NULL AND seen_on >= day_of($from) AND end_of(seen_on) <= $as_of
