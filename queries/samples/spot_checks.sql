-- /// sample
-- title = "现场抽查的执法行为"
-- basis = "2026考核计划 二 现场抽查"
-- size_of_stratum = 5
-- reserves = 0.4
-- ///
--
-- 抽样框：统计日所在季度内实施的入企检查，和作出决定的案件。层：执法主体，每层5件，不足5件的全部抽取；统计日不在名录中的单位编码不在内，无处可查。
-- 名单上是行为的编号，不是人：当事人、执法人员由抽查组凭编号查阅。每季重新抽取，不轮换。
WITH acts AS (
  SELECT 'inspection' AS subject_kind, record_id, unit_id, act_domain AS domain, checked_on AS acted_on FROM inspection_register WHERE is_onsite
  UNION ALL
  SELECT 'case', record_id, unit_id, domain, decided_on FROM case_register
)
SELECT concat(subject_kind, ' ', record_id) AS id, unit_id AS stratum, unit_id, domain, subject_kind, record_id AS subject_id, acted_on
FROM acts
WHERE unit_id IN (SELECT unit_id FROM unit_spans WHERE day_of($as_of - INTERVAL '1 second') BETWEEN valid_from AND valid_to)
  AND end_of(acted_on) <= $as_of
  AND acted_on >= CAST(date_trunc('quarter', day_of($as_of - INTERVAL '1 second')) AS DATE)
