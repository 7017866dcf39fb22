-- /// population
-- title = "扫码入企的检查及其评价"
-- grain = "one on-site inspection"
-- [excluded]
-- not_scanned = "没有扫码（亮码），企业无从在码上评价"
-- not_onsite = "书面、线上或非现场检查，没有入企"
-- [columns]
-- is_rated = "检查后作出了评价"
-- ///
--
-- 各次检查。`due_on`：观察评价的最后一日（时限 `visit_rating.target`），自检查之日起算。
-- `is_rated`：最后一日之前（含当日）有人对该次检查作出了评价，好评差评都算；系统自动给出的不算（见 `act_ratings`）。
-- 没有扫码的检查予以剔除并另列，剔除多的单位，这一比例不足为凭。
SELECT v.*, CASE WHEN v.excluded_because IS NOT NULL THEN 'excluded' WHEN end_of(v.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT i.unit_id, i.act_domain AS domain, i.record_id, i.source_file, i.source_line, i.checked_on,
         due_on('visit_rating.target', i.act_domain, i.checked_on) AS due_on,
         coalesce(r.first_rated_on <= due_on('visit_rating.target', i.act_domain, i.checked_on), false) AS is_rated,
         CASE WHEN NOT i.is_onsite THEN 'not_onsite' WHEN i.scanned_at IS NULL THEN 'not_scanned' END AS excluded_because
  FROM inspection_register AS i
  LEFT JOIN (
    SELECT ref_id, min(rated_on) AS first_rated_on
    FROM act_ratings
    WHERE state = 'due'
    GROUP BY ref_id
  ) AS r ON r.ref_id = i.inspection_id
  WHERE end_of(i.checked_on) <= $as_of
) AS v
