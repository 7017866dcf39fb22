-- /// population
-- title = "考核发现的应当整改的问题"
-- grain = "one problem that an assessment or a spot check found"
-- [columns]
-- is_closed = "已按期整改并经核实"
-- ///
--
-- 考核、现场抽查发现的问题，没有填写来源的也算；监督发现的问题以监督文书为准（`supervision_docs_to_answer`），不在本口径内。
-- `due_on`：整改通知所定的期限；没有的、早于发现之日的，为 `rectification.target` 的最后一日，自发现之日起算。
-- `is_closed`：在期限内完成，且经核实；没有完成日期的，以核实之日为完成之日。核实可以晚于期限，核实之前不算，由整改单位自己核实的不算。没有剔除项。
SELECT r.unit_id, r.domain, r.record_id, r.source_file, r.source_line, r.found_on, r.done_on, r.verified_on, r.due_on,
       r.verified_on IS NOT NULL AND coalesce(coalesce(r.done_on, r.verified_on) <= r.due_on, false)
         AND r.verified_by IS DISTINCT FROM r.unit_id AS is_closed,
       CAST(NULL AS VARCHAR) AS excluded_because,
       CASE WHEN end_of(r.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT unit_id, coalesce(domain, 'other') AS domain, rect_id AS record_id, source_file, source_line, found_on, done_on, verified_by,
         CASE WHEN end_of(verified_on) <= $as_of THEN verified_on END AS verified_on,
         CASE WHEN due_on >= found_on THEN due_on ELSE due_on('rectification.target', coalesce(domain, 'other'), found_on) END AS due_on
  FROM rectifications
  WHERE end_of(found_on) <= $as_of AND source IS DISTINCT FROM 'supervision'
) AS r
