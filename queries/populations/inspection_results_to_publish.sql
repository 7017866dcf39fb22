-- /// population
-- title = "应当公开结果的行政检查及其公开"
-- grain = "one inspection carried out by the as-of date"
-- [excluded]
-- exempt = "标明依法不予公示并写明理由"
-- natural_person = "检查对象是自然人，不是企业"
-- [columns]
-- published_on = "结果公开之日"
-- ///
--
-- 截至数据截止日已实施的检查，不论检查形式和结果。
-- `due_on`：公开结果的最后一日（`disclosure.inspection.statutory`），自检查之日起算。
-- `published_on`：检查记录与公示记录中最早的公开之日。已经公开的，不论是否标明不予公示，都按公开计。
WITH published AS (
  SELECT inspection_id, min(published_on) AS published_on, bool_or(is_exempt) AS is_exempt
  FROM (
    SELECT coalesce(inspection_id, ref_id) AS inspection_id, CASE WHEN published_at < $as_of THEN day_of(published_at) END AS published_on,
           coalesce(NOT must_publish AND exempt_reason IS NOT NULL, false) AS is_exempt
    FROM disclosures
    WHERE coalesce(ref_kind, CASE WHEN inspection_id IS NOT NULL THEN 'inspection' END) = 'inspection'
  ) AS d
  GROUP BY inspection_id
)
SELECT s.*, CASE WHEN s.excluded_because IS NOT NULL THEN 'excluded' WHEN end_of(s.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT j.*, CASE WHEN j.is_of_person THEN 'natural_person' WHEN j.is_exempt AND j.published_on IS NULL THEN 'exempt' END AS excluded_because
  FROM (
    SELECT i.unit_id, i.act_domain AS domain, i.record_id, i.source_file, i.source_line, i.checked_on, i.is_of_person,
           coalesce(p.is_exempt, false) AS is_exempt,
           least(CASE WHEN i.published_at < $as_of THEN day_of(i.published_at) END, p.published_on) AS published_on,
           due_on('disclosure.inspection.statutory', i.act_domain, i.checked_on) AS due_on
    FROM inspection_register AS i
    LEFT JOIN published AS p ON p.inspection_id = i.record_id
    WHERE end_of(i.checked_on) <= $as_of
  ) AS j
) AS s
