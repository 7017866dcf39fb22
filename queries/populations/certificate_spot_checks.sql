-- /// population
-- title = "现场抽查看到的亮证与着装"
-- grain = "one spot check of an act of transport"
-- [excluded]
-- not_seen = "抽查时没有见到是否出示执法证件，着装也未见不规范"
-- [columns]
-- is_proper = "出示证件且着装规范"
-- ///
--
-- 抽查组（省、市、第三方）对交通运输领域执法行为的现场抽查。只采信抽查组看到的情况，不采信检查记录中单位自己填写的是否亮证、着装。
-- 抽查没有填写领域的，以所抽查的案件或者检查的领域为准。对象是企业、隐患、音像记录的抽查，不是看执法人员，不在其内。
-- `is_proper`：出示了执法证件或者亮码，且没有见到着装不规范；着装没有见到的，只看证件。
-- 没有见到是否出示证件、也没有见到着装不规范的，予以剔除。
SELECT s.*, coalesce(s.certificate_shown, false) AND coalesce(s.uniform_worn, true) AS is_proper,
       CASE WHEN s.excluded_because IS NULL THEN 'due' ELSE 'excluded' END AS state
FROM (
  SELECT p.unit_id, coalesce(p.domain, c.domain, i.act_domain) AS domain, p.spot_id AS record_id, p.source_file, p.source_line,
         p.checked_on, p.certificate_shown, p.uniform_worn,
         CASE WHEN p.certificate_shown IS NULL AND coalesce(p.uniform_worn, true) THEN 'not_seen' END AS excluded_because
  FROM spot_checks AS p
  LEFT JOIN case_register AS c ON c.case_id = p.subject_id AND coalesce(p.subject_kind, 'case') = 'case'
  LEFT JOIN inspection_register AS i ON i.inspection_id = p.subject_id AND coalesce(p.subject_kind, 'inspection') = 'inspection'
  WHERE coalesce(p.subject_kind, 'other') IN ('case', 'inspection', 'coercion', 'other') AND end_of(p.checked_on) <= $as_of
) AS s
WHERE s.domain = 'transport'
