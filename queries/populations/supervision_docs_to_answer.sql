-- /// population
-- title = "应当整改反馈的监督文书"
-- grain = "one supervision opinion or decision"
-- [columns]
-- is_closed = "已按期反馈并改正"
-- ///
--
-- 监督意见书、决定书，归应当答复的单位；没有填写种类的也算，监督通知书不在本口径内。
-- `due_on`：`supervision_doc_closure.target` 的最后一日，自发出之日起算；来源系统所记的期限仅供比对，不作数。
-- `is_closed`：在期限内答复，且监督机关认定已改正；认定可以晚于期限（核实的快慢不由被监督单位决定），认定之前不算。没有剔除项。
SELECT r.unit_id, r.domain, r.record_id, r.source_file, r.source_line, r.kind, r.issued_on, r.answered_on, r.due_on,
       coalesce(r.answered_on <= r.due_on, false) AND coalesce(r.is_corrected, false) AS is_closed,
       CAST(NULL AS VARCHAR) AS excluded_because,
       CASE WHEN end_of(r.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT to_unit AS unit_id, coalesce(domain, 'other') AS domain, doc_id AS record_id, source_file, source_line, kind, issued_on,
         CASE WHEN end_of(answered_on) <= $as_of THEN answered_on END AS answered_on,
         corrected AND coalesce(end_of(corrected_on) <= $as_of, true) AS is_corrected,
         due_on('supervision_doc_closure.target', coalesce(domain, 'other'), issued_on) AS due_on
  FROM supervision_docs
  WHERE end_of(issued_on) <= $as_of AND kind IS DISTINCT FROM 'notice'
) AS r
