-- /// population
-- title = "已送达的文书"
-- grain = "one document served on a party by the as-of date"
-- [columns]
-- is_electronic = "经当事人同意的电子送达"
-- ///
--
-- 案件中有送达记录（送达之时、送达方式或公告之日）的文书，决定书、告知书、通知书等都在内；没有剔除项。
-- 送达回证只证明另一文书的送达，不重复计；该案没有任何一份决定书有送达记录的，以回证计一次。
-- `served_on`：送达之日；公告送达的为公告之日；只有送达方式的为落款之日。送达即到期：`due_on` 为该日。
-- `is_electronic`：以电子方式送达，且该文书记有书面同意，或者同一案件在送达之日或以前有电子送达确认书；没有同意的电子送达不计。
SELECT d.unit_id, d.domain, d.record_id, d.source_file, d.source_line, d.doc_kind, d.service_method, d.served_on, d.served_on AS due_on,
       coalesce(d.service_method = 'electronic', false) AND coalesce(d.service_consent OR k.consented_on <= d.served_on, false) AS is_electronic,
       CAST(NULL AS VARCHAR) AS excluded_because, 'due' AS state
FROM (
  SELECT c.case_id, c.unit_id, c.domain, d.document_id AS record_id, d.source_file, d.source_line, d.doc_kind, d.service_method, d.service_consent,
         CASE WHEN d.service_method = 'publication' THEN coalesce(d.notice_published_on, day_of(d.served_at), d.dated_on)
              ELSE coalesce(day_of(d.served_at), d.notice_published_on, d.dated_on) END AS served_on
  FROM case_documents AS d
  JOIN case_register AS c ON c.case_id = d.case_id
  WHERE end_of(d.dated_on) <= $as_of AND (d.served_at IS NOT NULL OR d.service_method IS NOT NULL OR d.notice_published_on IS NOT NULL)
) AS d
LEFT JOIN (
  SELECT case_id,
         bool_or(doc_kind IN ('simple_decision', 'decision', 'no_penalty_decision')
                 AND (served_at IS NOT NULL OR service_method IS NOT NULL OR notice_published_on IS NOT NULL)) AS decision_is_served,
         min(dated_on) FILTER (WHERE doc_kind = 'delivery_consent') AS consented_on
  FROM case_documents
  WHERE end_of(dated_on) <= $as_of
  GROUP BY case_id
) AS k ON k.case_id = d.case_id
WHERE end_of(d.served_on) <= $as_of
  AND coalesce(d.doc_kind <> 'delivery_consent', true)
  AND (coalesce(d.doc_kind <> 'delivery_receipt', true) OR NOT coalesce(k.decision_is_served, false))
