-- /// population
-- title = "执法行为及对其态度的投诉"
-- grain = "one case or inspection since the window's first day, or one act known only from a complaint about manners"
-- [excluded]
-- not_reasonable = "诉求经认定不合理"
-- reopened = "由另一张工单重开，同一件投诉只计一次"
-- [columns]
-- is_complained_of = "有人投诉执法态度或者未作说明"
-- known_from = "行为从何得知"
-- ///
--
-- `$from` 以来的执法行为（案件按 `opened_on`，检查按检查之日）。`is_complained_of`：有12345工单反映执法态度、未作说明（见 `hotline_register`），
-- 并且关联到本单位的该案件、该检查；同一件行为有数件投诉的，只计一次。
-- 关联不到本期内行为的投诉，各自视为一次行为（`known_from` 为 complaint）：有投诉即有行为，没有记录的行为不能使投诉无处可计。
-- 匿名投诉照计。诉求是否合理没有认定的（包括尚未办结的）、认定为不合理而查有实据的，都视为合理。
-- 认定不合理的、由另一张工单重开的投诉，予以剔除，所关联的行为不因此算被投诉。没有未到期的行。
WITH acts AS (
  SELECT unit_id, domain, record_id, source_file, source_line, opened_on AS happened_on, 'case' AS known_from
  FROM case_register
  WHERE end_of(opened_on) > $from AND end_of(opened_on) <= $as_of
  UNION ALL
  SELECT unit_id, act_domain, record_id, source_file, source_line, checked_on, 'inspection'
  FROM inspection_register
  WHERE end_of(checked_on) > $from AND end_of(checked_on) <= $as_of
),
complaints_of_manners AS (
  SELECT o.unit_id, o.act_domain AS domain, o.record_id, o.source_file, o.source_line, o.created_on,
         CASE WHEN NOT o.is_justified THEN 'not_reasonable' WHEN o.reopened_from IS NOT NULL THEN 'reopened' END AS excluded_because,
         c.record_id AS act_case, i.record_id AS act_inspection
  FROM hotline_register AS o
  LEFT JOIN acts AS c ON c.known_from = 'case' AND c.record_id = o.linked_case_id AND c.unit_id = o.unit_id
  LEFT JOIN acts AS i ON i.known_from = 'inspection' AND i.record_id = o.linked_inspection_id AND i.unit_id = o.unit_id
  WHERE o.is_about_attitude AND end_of(o.created_on) > $from AND end_of(o.created_on) <= $as_of
),
complained_of AS (
  SELECT CASE WHEN act_case IS NOT NULL THEN 'case' ELSE 'inspection' END AS known_from, coalesce(act_case, act_inspection) AS record_id
  FROM complaints_of_manners
  WHERE excluded_because IS NULL AND coalesce(act_case, act_inspection) IS NOT NULL
  GROUP BY 1, 2
)
SELECT a.unit_id, a.domain, a.record_id, a.source_file, a.source_line, a.happened_on, a.known_from, h.record_id IS NOT NULL AS is_complained_of,
       CAST(NULL AS VARCHAR) AS excluded_because, 'due' AS state
FROM acts AS a
LEFT JOIN complained_of AS h ON h.known_from = a.known_from AND h.record_id = a.record_id
UNION ALL
SELECT unit_id, domain, record_id, source_file, source_line, created_on, 'complaint', true, excluded_because,
       CASE WHEN excluded_because IS NULL THEN 'due' ELSE 'excluded' END
FROM complaints_of_manners
WHERE excluded_because IS NOT NULL OR coalesce(act_case, act_inspection) IS NULL
