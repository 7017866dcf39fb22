-- /// finding
-- title      = "查出问题处罚偏少"
-- statistic  = "share"
-- severity   = 3
-- pattern    = "发现问题的检查几乎都没有下文：不立案、不移送、也没有责令整改或者不予处罚的记录"
-- benign     = "轻微问题当场纠正，口头教育而没有文书；依法不予处罚、责令限期改正，都有记录的（柔性执法）；案件没有填写所由来的检查编号"
-- look_at    = "列出的检查的笔录和问题清单；责令改正、教育的文书；同一企业其后的案件有没有漏填检查编号"
-- documented = "未见公开案例；检测规则目录 zero_penalty（发现问题的检查全无案件）"
-- basis      = "行政处罚法 第54条（发现应当给予行政处罚的行为，应当调查、立案）；第28条（责令改正）；检测规则目录 zero_penalty"
-- tail       = "lower"
-- minimum_n  = 30
-- floor      = 0.20
-- rows_stand_alone = "每次检查所发现的问题，后续处理分别作出"
-- says       = "在 {n} 次发现问题的检查中，有下文的只有 {odd} 次（{share}）；同类通常 {usual}。"
-- ///
--
-- 考察统计期内发现问题、后续处理时限已满的检查（见 `problem_inspections`），一次一行。`is_odd`：有下文，太少才是疑点。
-- 下文，截至数据截止时点有其一即可，不论是否按期：由该次检查而来的案件，立案、决定（含不予处罚）或者指导结案都算；
-- 同一单位对同一企业在检查之日起、后续处理时限（`problem_to_case.target`）之内收到的线索；由该次检查而来的行政强制；由该次检查登记的事故隐患；
-- 有记录的柔性执法：定了整改期限，记有整改完成、复查之日，或者其后有复查该次检查的检查。只记作“当场改正”的，没有文书，不算下文。
WITH problems AS (
  SELECT p.unit_id, p.domain, p.record_id, p.source_file, p.source_line, p.checked_on, p.due_on,
         CASE WHEN end_of(p.followed_on) <= $as_of THEN p.followed_on END AS followed_on, i.enterprise_code, i.check_action_code,
         i.problems, i.rectify_due, CASE WHEN i.rectified_at < $as_of THEN day_of(i.rectified_at) END AS rectified_on,
         CASE WHEN end_of(i.first_recheck_on) <= $as_of THEN i.first_recheck_on END AS rechecked_on
  FROM problem_inspections AS p
  JOIN inspection_register AS i ON i.inspection_id = p.record_id
  WHERE p.checked_on >= day_of($from) AND end_of(p.due_on) <= $as_of
),
led AS (
  SELECT p.record_id
  FROM problems AS p
  JOIN leads AS l ON l.unit_id = p.unit_id AND l.credit_code = p.enterprise_code
  WHERE l.received_on BETWEEN p.checked_on AND p.due_on AND end_of(l.received_on) <= $as_of
  GROUP BY p.record_id
),
rechecked AS (
  SELECT recheck_of FROM inspection_register WHERE recheck_of IS NOT NULL AND end_of(checked_on) <= $as_of GROUP BY recheck_of
),
coerced AS (
  SELECT inspection_id FROM coercion_register WHERE inspection_id IS NOT NULL AND end_of(started_on) <= $as_of GROUP BY inspection_id
),
coerced_by_code AS (
  SELECT check_action_code FROM coercion_register WHERE check_action_code IS NOT NULL AND end_of(started_on) <= $as_of GROUP BY check_action_code
),
found_hazards AS (
  SELECT inspection_id FROM hazards WHERE inspection_id IS NOT NULL AND end_of(found_on) <= $as_of GROUP BY inspection_id
),
followed AS (
  SELECT p.*,
         CASE WHEN p.followed_on IS NOT NULL THEN concat('已立案或者作出处理决定（', CAST(p.followed_on AS VARCHAR), '）')
              WHEN l.record_id IS NOT NULL THEN '已登记线索'
              WHEN m.inspection_id IS NOT NULL OR k.check_action_code IS NOT NULL THEN '已实施行政强制'
              WHEN h.inspection_id IS NOT NULL THEN '已登记隐患'
              WHEN p.rectify_due IS NOT NULL THEN concat('已责令限期改正（', CAST(p.rectify_due AS VARCHAR), '）')
              WHEN p.rectified_on IS NOT NULL OR p.rechecked_on IS NOT NULL OR r.recheck_of IS NOT NULL THEN '已整改或者复查' END AS sequel
  FROM problems AS p
  LEFT JOIN led AS l ON l.record_id = p.record_id
  LEFT JOIN rechecked AS r ON r.recheck_of = p.record_id
  LEFT JOIN coerced AS m ON m.inspection_id = p.record_id
  LEFT JOIN coerced_by_code AS k ON k.check_action_code = p.check_action_code
  LEFT JOIN found_hazards AS h ON h.inspection_id = p.record_id
)
SELECT unit_id, domain, 'inspections' AS source_table, record_id, source_file, source_line, '有下文' AS sign, sequel IS NOT NULL AS is_odd,
       checked_on AS happened_on,
       concat(CAST(checked_on AS VARCHAR), ' 的检查发现问题', CASE WHEN problems > 0 THEN concat(' ', CAST(problems AS VARCHAR), ' 个') ELSE '' END, '，',
              coalesce(sequel, '没有案件、线索、责令改正或者复查的记录')) AS says
FROM followed
