-- /// population
-- title = "已作出决定的案件各步骤所载的日期"
-- grain = "one penalty case not under the simple procedure, decided"
-- ///
--
-- 截至数据截止日已作出决定、不适用简易程序（该程序各环节都在同一日）的案件，及其各步骤在卷内所载的日期，供核对日期先后。
-- 照记录原样取用，不合理的也取（计入时限的日期见 `case_steps`，该处不取不合理的）：先取案件自身的列，再取环节，再取文书，截至数据截止日已经发生的。
-- `noticed_on`、`reviewed_on`：有数次告知、法制审核的，取最早的一次，即至少第一次须合乎顺序。
-- `filed_in` 等：该日期取自何处，`（办案环节）` 或者 `（案卷文书）`；取自案件自身的为空文本。核对时到该表按案件编号查。
-- `is_waived`：卷内有放弃陈述申辩（听证）的文书。`procedure`：适用的程序；没有填写的，为普通程序。
WITH stages AS (
  SELECT case_id,
         min(staged_on) FILTER (WHERE stage = 'filed')        AS filed_on,
         min(staged_on) FILTER (WHERE stage = 'notice')       AS noticed_on,
         min(staged_on) FILTER (WHERE stage = 'legal_review') AS reviewed_on,
         max(staged_on) FILTER (WHERE stage = 'delivery')     AS delivered_on,
         max(staged_on) FILTER (WHERE stage = 'closed')       AS closed_on
  FROM case_stages
  WHERE end_of(staged_on) <= $as_of
  GROUP BY case_id
),
papers AS (
  SELECT case_id,
         min(dated_on) FILTER (WHERE doc_kind IN ('prior_notice', 'hearing_right_notice')) AS noticed_on,
         min(dated_on) FILTER (WHERE doc_kind = 'legal_review_opinion')                    AS reviewed_on,
         bool_or(doc_kind = 'waiver')                                                      AS is_waived
  FROM case_documents
  WHERE case_id IS NOT NULL AND end_of(dated_on) <= $as_of
  GROUP BY case_id
)
SELECT c.unit_id, c.domain, c.record_id, c.source_file, c.source_line, coalesce(c.procedure, 'ordinary') AS procedure, c.decided_on,
       coalesce(c.filed_on, s.filed_on)                       AS filed_on,
       least(s.noticed_on, p.noticed_on)                      AS noticed_on,
       least(c.legal_review_on, s.reviewed_on, p.reviewed_on) AS reviewed_on,
       coalesce(c.delivered_on, s.delivered_on)               AS delivered_on,
       coalesce(c.closed_on, s.closed_on)                     AS closed_on,
       CASE WHEN c.filed_on IS NULL THEN '（办案环节）' ELSE '' END AS filed_in,
       CASE WHEN s.noticed_on <= p.noticed_on OR p.noticed_on IS NULL THEN '（办案环节）' ELSE '（案卷文书）' END AS noticed_in,
       CASE least(c.legal_review_on, s.reviewed_on, p.reviewed_on)
         WHEN c.legal_review_on THEN '' WHEN s.reviewed_on THEN '（办案环节）' ELSE '（案卷文书）' END AS reviewed_in,
       CASE WHEN c.delivered_on IS NULL THEN '（办案环节）' ELSE '' END AS delivered_in,
       CASE WHEN c.closed_on IS NULL THEN '（办案环节）' ELSE '' END AS closed_in,
       coalesce(p.is_waived, false)                           AS is_waived
FROM case_register AS c
LEFT JOIN stages AS s ON s.case_id = c.case_id
LEFT JOIN papers AS p ON p.case_id = c.case_id
WHERE coalesce(c.procedure, 'ordinary') <> 'simple' AND end_of(c.decided_on) <= $as_of
