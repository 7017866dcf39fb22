-- /// population
-- title = "法制审核"
-- grain = "one pass of a case through legal review"
-- [excluded]
-- no_start = "没有收到审核材料的时间，时限无从起算"
-- [columns]
-- reviewed_on = "审核完成之日"
-- ///
--
-- 案件的每一次法制审核（环节），以及只在案件上记有审核日期、没有审核环节的审核。
-- `due_on`：审核时限（`legal_review.statutory`）的最后一日，自收到审核材料（环节开始）之日起算。
-- `reviewed_on`：环节结束之日；环节没有结束时间的，为案件所记的审核日期，早于环节开始的不取。
-- 没有开始时间的予以剔除，不作推测；其 `due_on` 为所记的日期，只用于确定月份。
SELECT r.*, CASE WHEN r.excluded_because IS NOT NULL THEN 'excluded' WHEN end_of(r.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT c.unit_id, c.domain, s.case_id || ' / ' || CAST(s.ordinal AS VARCHAR) AS record_id, s.source_file, s.source_line, c.case_id,
         day_of(s.started_at) AS started_on,
         CASE WHEN s.finished_at < $as_of THEN day_of(s.finished_at)
              WHEN s.finished_at IS NULL AND c.legal_review_on >= day_of(s.started_at) AND end_of(c.legal_review_on) <= $as_of THEN c.legal_review_on END AS reviewed_on,
         coalesce(due_on('legal_review.statutory', c.domain, day_of(s.started_at)), s.staged_on) AS due_on,
         CASE WHEN s.started_at IS NULL THEN 'no_start' END AS excluded_because
  FROM case_stages AS s
  JOIN case_register AS c ON c.case_id = s.case_id
  WHERE s.stage = 'legal_review' AND coalesce(s.started_at < $as_of, end_of(s.staged_on) <= $as_of)
  UNION ALL
  SELECT c.unit_id, c.domain, c.case_id AS record_id, c.source_file, c.source_line, c.record_id AS case_id, NULL AS started_on,
         c.legal_review_on AS reviewed_on, c.legal_review_on AS due_on, 'no_start' AS excluded_because
  FROM case_register AS c
  LEFT JOIN (SELECT DISTINCT case_id FROM case_stages WHERE stage = 'legal_review') AS s ON s.case_id = c.case_id
  WHERE end_of(c.legal_review_on) <= $as_of AND s.case_id IS NULL
) AS r
