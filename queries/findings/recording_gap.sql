-- /// finding
-- title      = "音像记录缺漏"
-- statistic  = "share"
-- severity   = 3
-- pattern    = "应当全过程音像记录的现场执法行为没有记录、记录太短或者迟迟才上传，占比明显高于同类"
-- benign     = "没有入企的检查本就不用记录；单位的音像平台尚未与采集系统对接；采集站故障后集中导入；关联环节没有补做"
-- look_at    = "列出的检查的执法记录仪领用登记；采集站导入日志；音像平台中同一人员、同一时段的文件"
-- documented = "内蒙古，2024年：交通执法人员未佩戴执法记录仪、未出示证件，被社会监督员发现（检测规则目录 Recording）"
-- basis      = "行政处罚法 第47条；国办发〔2018〕118号（执法全过程记录制度）；检测规则目录 recording_gap"
-- tail       = "upper"
-- minimum_n  = 30
-- floor      = 0.20
-- says       = "在 {n} 件应当全过程音像记录的现场执法行为中，{odd} 件（{share}）没有记录、记录太短或者上传太迟；同类通常 {usual}。"
-- ///
--
-- 考察统计期内应当音像记录、上传时限已满的检查、行政强制（见 `acts_to_film`），一件一行。没有入企的检查、冻结存款不在内。
-- 同一日的几次、同一日一并导入的几份，多半同一缘故，不当作几次（`occasion`），至少须有三个这样的日期。
-- 记录：未删除的视频、音频，以关联到该行为的为准；没有关联到任何行为的，由同一单位执行该次检查的人员在检查起止之间拍摄的也算。
-- 缺漏依次看：没有记录；只有已被删除的；最长的一份短于参数 `minutes`（行为本身更短的，以行为的时长为限）；所关联的记录与行为的时间不重合（`acts_to_film.is_filmed` 为否）；
-- 够长的各份都在拍摄结束后超过参数 `upload_hours` 小时才导入采集站或者上传平台，或者时限已满而始终没有。恰好满时长、满时限的，不算缺漏。
WITH acts AS (
  SELECT source_table, unit_id, domain, record_id, source_file, source_line, acted_on, act_from, act_to, is_filmed,
         param('finding.recording_gap.minutes', domain, acted_on) * 60 AS least_seconds,
         CAST(param('finding.recording_gap.upload_hours', domain, acted_on) AS BIGINT) AS upload_hours
  FROM acts_to_film
  WHERE excluded_because IS NULL AND due_at <= $as_of AND acted_on >= day_of($from) AND end_of(acted_on) <= $as_of
),
films AS (
  SELECT record_id AS file_no, unit_id, officer_id, shot_on, shot_at, taken_to, is_linked, linked_inspection_id, linked_measure_id,
         coalesce(deleted, false) AS is_deleted, (CAST(taken_to AS BIGINT) - CAST(shot_at AS BIGINT)) / 1000000 AS seconds,
         least(CASE WHEN imported_at < $as_of THEN imported_at END, CASE WHEN uploaded_at < $as_of THEN uploaded_at END) AS stored_at
  FROM recording_register
  WHERE is_film AND shot_at IS NOT NULL
),
chosen AS (
  SELECT a.source_table, a.record_id, a.least_seconds, a.upload_hours, a.act_from, a.act_to, f.is_deleted, f.seconds, f.taken_to, f.stored_at
  FROM acts AS a
  JOIN films AS f ON f.linked_inspection_id = a.record_id
  WHERE a.source_table = 'inspections'
  UNION ALL
  SELECT a.source_table, a.record_id, a.least_seconds, a.upload_hours, a.act_from, a.act_to, f.is_deleted, f.seconds, f.taken_to, f.stored_at
  FROM acts AS a
  JOIN films AS f ON f.linked_measure_id = a.record_id
  WHERE a.source_table = 'coercive_measures'
  UNION ALL
  SELECT a.source_table, a.record_id, a.least_seconds, a.upload_hours, a.act_from, a.act_to, f.is_deleted, f.seconds, f.taken_to, f.stored_at
  FROM (
    SELECT b.*, unnest(i.officers) AS officer
    FROM acts AS b
    JOIN inspection_register AS i ON i.inspection_id = b.record_id
    WHERE b.source_table = 'inspections' AND i.checked_to >= i.checked_from
  ) AS a
  JOIN films AS f ON f.unit_id = a.unit_id AND f.officer_id = a.officer AND f.shot_on = a.acted_on
  WHERE NOT f.is_linked AND f.shot_at < a.act_to AND f.taken_to > a.act_from
),
measured AS (
  SELECT source_table, record_id, is_deleted, seconds, stored_at, upload_hours,
         seconds >= least(least_seconds, (CAST(act_to AS BIGINT) - CAST(act_from AS BIGINT)) / 1000000) AS is_whole,
         CAST(coalesce(stored_at, $as_of) AS BIGINT) - CAST(taken_to AS BIGINT) AS delay
  FROM chosen
),
-- The best that an act has: 3 whole and in time, 2 whole and stored late, 1 whole and never stored, 0 too short, below it deleted.
ranked AS (
  SELECT source_table, record_id, seconds, delay, stored_at,
         CASE WHEN is_deleted THEN -1
              WHEN NOT is_whole THEN 0
              WHEN delay <= upload_hours * 3600000000 THEN 3
              WHEN stored_at IS NOT NULL THEN 2
              ELSE 1 END AS grade
  FROM measured
),
best AS (
  SELECT *, row_number() OVER (PARTITION BY source_table, record_id ORDER BY grade DESC, seconds DESC, delay) AS nth
  FROM ranked
)
SELECT a.unit_id, a.domain, a.source_table, a.record_id, a.source_file, a.source_line, '音像记录缺漏' AS sign,
       NOT a.is_filmed OR coalesce(b.grade, -2) < 3 AS is_odd,
       a.acted_on AS happened_on,
       coalesce(CASE WHEN b.grade = 2 THEN day_of(b.stored_at) END, a.acted_on) AS occasion,
       concat(CAST(a.acted_on AS VARCHAR), ' 的现场执法，',
              CASE WHEN b.grade IS NULL THEN '没有音像记录'
                   WHEN b.grade = -1 THEN '音像记录已全部删除'
                   WHEN b.grade = 0 THEN concat('最长的音像记录只有 ', CAST(b.seconds AS VARCHAR), ' 秒')
                   WHEN NOT a.is_filmed THEN '所关联的音像记录与行为的起止时间不重合'
                   WHEN b.grade = 2 THEN concat('音像记录在拍摄结束后 ', CAST(b.delay / 3600000000 AS VARCHAR), ' 小时 ',
                                                CAST(b.delay / 60000000 % 60 AS VARCHAR), ' 分钟才上传')
                   WHEN b.grade = 1 THEN '音像记录逾期没有上传'
                   ELSE '有音像记录' END) AS says
FROM acts AS a
LEFT JOIN best AS b ON b.source_table = a.source_table AND b.record_id = a.record_id AND b.nth = 1
