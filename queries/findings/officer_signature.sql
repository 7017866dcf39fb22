-- /// finding
-- title      = "署名超出可能"
-- statistic  = "rule"
-- severity   = 3
-- pattern    = "一人一日列名的检查、决定多得不可能亲自办理，或者列名的人员当时不在岗、证件无效、多次正在参加全天的培训"
-- benign     = "集体行动中各人都列名；数案合并、集中作出决定；人员名录没有及时更新，换证的日期没有续填；数人共用账号；线上培训、培训日期是结业或者考试的日期"
-- look_at    = "列出当日各件的笔录签名和音像记录；人员的到岗、离岗和换证文件；当日考勤、培训签到"
-- documented = "未见公开案例；检测规则目录 officer_signature（每日签署过多，或者在休假、培训期间签署）"
-- basis      = "行政处罚法 第42条（由具有执法资格的人员实施，不得少于两人）；检测规则目录 officer_signature"
-- ///
--
-- 考察统计期内列明人员的入企检查和已作出决定的案件，每件每种迹象一行；没有列出人员的不在内。
-- `一日太多`：该人员当日的入企检查多于参数 `visits`，或者当日作出的决定多于参数 `decisions`（当场作出的另有参数 `on_the_spot`）；恰好等于的不算。
--   同一企业同一日的检查、同一次综合查一次任务，只算一次。非现场取证的案件由系统批量形成，不计件数，也不在内。
-- `不在岗`：检查之日、案件自立案（没有的，案件最早的日期）至决定的整段时间，都在到岗日期以前或者最后在岗日以后。
--   案件办理中途到岗、离岗的，不算。到岗、离岗日期都没有填写的人员，看执法证有效期；另有日期的人员，证件过期由两人执法率（`procedure.two_officers_rate`）计算，
--   参数 `certificates` 为1时在此一并看。名录中没有的人员，不看。
-- `培训当日`：检查、决定当日，该人员正好参加全天的培训（学时不少于参数 `course_hours`，不多于 `course_hours_most`：更长的培训只有一个日期，不知道是哪几天）。
--   一个人一两次，可能是决定书上的日期；统计期内这样的日子不少于参数 `course_days` 个的，才列出。当场处罚和检查同样看。
WITH acts AS (
  SELECT 'inspections' AS source_table, unit_id, act_domain AS domain, record_id, source_file, source_line, checked_on AS began_on, checked_on AS acted_on,
         'visit' AS kind, coalesce('merged ' || merged_visit_id, enterprise_code, record_id) AS occasion, officers
  FROM inspection_register
  WHERE is_onsite AND checked_on >= day_of($from) AND end_of(checked_on) <= $as_of
  UNION ALL
  SELECT 'cases', unit_id, domain, record_id, source_file, source_line, least(coalesce(filed_on, opened_on), decided_on), decided_on,
         CASE WHEN procedure = 'simple' THEN 'on_the_spot' ELSE 'decision' END, case_id, officers
  FROM case_register
  WHERE offsite_device_id IS NULL AND decided_on >= day_of($from) AND end_of(decided_on) <= $as_of
),
signed AS (
  SELECT source_table, unit_id, domain, record_id, source_file, source_line, began_on, acted_on, kind, occasion, unnest(array_distinct(officers)) AS officer
  FROM acts
),
days AS (
  SELECT officer, acted_on, kind, count(DISTINCT occasion) AS acts
  FROM signed
  GROUP BY officer, acted_on, kind
),
service AS (
  SELECT officer_id, min(in_post_from) AS in_post_from, max(coalesce(in_post_to, DATE '9999-12-31')) AS in_post_to,
         min(cert_valid_from) AS cert_valid_from, max(cert_valid_to) AS cert_valid_to,
         min(in_post_from) IS NULL AND max(in_post_to) IS NULL
           OR param('finding.officer_signature.certificates', 'other', day_of($as_of - INTERVAL '1 second')) = 1 AS looks_at_certificate
  FROM officers
  GROUP BY officer_id
),
courses AS (
  SELECT t.officer_id AS officer, t.trained_on, max(t.hours) AS hours
  FROM trainings AS t
  WHERE t.hours >= param('finding.officer_signature.course_hours', 'other', t.trained_on)
    AND t.hours <= param('finding.officer_signature.course_hours_most', 'other', t.trained_on)
  GROUP BY t.officer_id, t.trained_on
),
absences AS (
  SELECT s.officer, s.acted_on, max(c.hours) AS hours
  FROM signed AS s
  JOIN courses AS c ON c.officer = s.officer AND c.trained_on = s.acted_on
  GROUP BY s.officer, s.acted_on
),
often_absent AS (
  SELECT officer, count(*) AS absent_days FROM absences GROUP BY officer
),
judged AS (
  SELECT s.source_table, s.unit_id, s.domain, s.record_id, s.source_file, s.source_line, s.kind, s.acted_on, s.officer, x.sign,
         CASE x.sign
           WHEN '一日太多' THEN CASE WHEN d.acts > CASE s.kind WHEN 'visit' THEN param('finding.officer_signature.visits', s.domain, s.acted_on)
                                                            WHEN 'decision' THEN param('finding.officer_signature.decisions', s.domain, s.acted_on)
                                                            ELSE param('finding.officer_signature.on_the_spot', s.domain, s.acted_on) END
             THEN concat('当日', CASE s.kind WHEN 'visit' THEN '入企检查 ' WHEN 'decision' THEN '作出决定 ' ELSE '当场处罚 ' END, CAST(d.acts AS VARCHAR),
                         CASE s.kind WHEN 'visit' THEN ' 次' ELSE ' 件' END) ELSE '' END
           WHEN '不在岗' THEN CASE WHEN o.officer_id IS NOT NULL THEN concat_ws('，',
             CASE WHEN s.acted_on < o.in_post_from THEN concat('到岗日期为 ', CAST(o.in_post_from AS VARCHAR)) END,
             CASE WHEN s.began_on > o.in_post_to THEN concat('最后在岗日为 ', CAST(o.in_post_to AS VARCHAR)) END,
             CASE WHEN s.acted_on < o.cert_valid_from AND o.looks_at_certificate THEN concat('执法证自 ', CAST(o.cert_valid_from AS VARCHAR), ' 起有效') END,
             CASE WHEN s.began_on > o.cert_valid_to AND o.looks_at_certificate THEN concat('执法证有效至 ', CAST(o.cert_valid_to AS VARCHAR)) END) END
           WHEN '培训当日' THEN CASE WHEN a.hours IS NOT NULL AND m.absent_days >= param('finding.officer_signature.course_days', s.domain, s.acted_on)
             THEN concat('当日参加培训 ', CAST(a.hours AS VARCHAR), ' 学时，本期这样的日子共 ', CAST(m.absent_days AS VARCHAR), ' 个') ELSE '' END
         END AS oddities
  FROM (VALUES ('一日太多'), ('不在岗'), ('培训当日')) AS x (sign)
  CROSS JOIN signed AS s
  JOIN days AS d ON d.officer = s.officer AND d.acted_on = s.acted_on AND d.kind = s.kind
  LEFT JOIN service AS o ON o.officer_id = s.officer
  LEFT JOIN absences AS a ON a.officer = s.officer AND a.acted_on = s.acted_on
  LEFT JOIN often_absent AS m ON m.officer = s.officer
)
SELECT unit_id, domain, source_table, record_id, min(source_file) AS source_file, min(source_line) AS source_line, sign,
       bool_or(oddities <> '') AS is_odd,
       min(concat(CASE kind WHEN 'visit' THEN '检查之日 ' ELSE '决定之日 ' END, CAST(acted_on AS VARCHAR), '，执法人员 ', officer, ' ', oddities))
         FILTER (WHERE oddities <> '') AS says,
       min(concat_ws(' ', kind, CAST(acted_on AS VARCHAR), officer)) FILTER (WHERE oddities <> '') AS judged
FROM judged
GROUP BY unit_id, domain, source_table, record_id, sign
