-- 疑点“程序时间倒置、倒签”（stage_inversion）考察的记录：已作出决定的案件，每件每种迹象一行。
--
-- 决定日期在统计期内、不适用简易程序（该程序各环节都在同一日）的案件。日期先取案件自身的列，再取环节，再取文书；
-- 有数次告知或审核的，取最早的一次，即至少第一次须合乎顺序。`is_odd` 为空：该迹象无从判断，该行不计入分子也不计入分母。
-- `order`：立案 ≤ 告知 ≤ 审核 ≤ 决定 ≤ 送达 ≤ 结案，有一处不合。审核是否须在告知之后，由参数按领域规定：
--   市场监管领域审核在告知之前（市监程序第50条以下）。
-- `short_notice`：告知至决定的工作日少于参数规定，且卷内没有放弃陈述申辩文书；恰好满规定工作日的，合乎规定。快速办理案件不作判断。
-- `rest_day`：决定日期落在休息日。
-- `says`：复核人员看到的说明。
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
),
dated AS (
  SELECT c.unit_id, c.domain, c.record_id, c.source_file, c.source_line, coalesce(c.procedure, 'ordinary') AS procedure, c.decided_on,
         coalesce(c.filed_on, s.filed_on)                      AS filed_on,
         least(s.noticed_on, p.noticed_on)                     AS noticed_on,
         least(c.legal_review_on, s.reviewed_on, p.reviewed_on) AS reviewed_on,
         coalesce(c.delivered_on, s.delivered_on)              AS delivered_on,
         coalesce(c.closed_on, s.closed_on)                    AS closed_on,
         coalesce(p.is_waived, false)                          AS is_waived,
         param('finding.stage_inversion.review_after_notice', c.domain, c.decided_on) = 1 AS review_after_notice,
         param('finding.stage_inversion.notice_workdays', c.domain, c.decided_on)         AS notice_workdays
  FROM case_register AS c
  LEFT JOIN stages AS s ON s.case_id = c.case_id
  LEFT JOIN papers AS p ON p.case_id = c.case_id
  WHERE coalesce(c.procedure, 'ordinary') <> 'simple'
    AND c.decided_on >= day_of($from) AND end_of(c.decided_on) <= $as_of
),
judged AS (
  SELECT *,
         concat_ws('；',
           CASE WHEN noticed_on < filed_on THEN concat('告知 ', CAST(noticed_on AS VARCHAR), ' 早于立案 ', CAST(filed_on AS VARCHAR)) END,
           CASE WHEN reviewed_on < filed_on THEN concat('法制审核 ', CAST(reviewed_on AS VARCHAR), ' 早于立案 ', CAST(filed_on AS VARCHAR)) END,
           CASE WHEN review_after_notice AND reviewed_on < noticed_on
                THEN concat('法制审核 ', CAST(reviewed_on AS VARCHAR), ' 早于告知 ', CAST(noticed_on AS VARCHAR)) END,
           CASE WHEN decided_on < filed_on THEN concat('决定 ', CAST(decided_on AS VARCHAR), ' 早于立案 ', CAST(filed_on AS VARCHAR)) END,
           CASE WHEN decided_on < noticed_on THEN concat('决定 ', CAST(decided_on AS VARCHAR), ' 早于告知 ', CAST(noticed_on AS VARCHAR)) END,
           CASE WHEN decided_on < reviewed_on THEN concat('决定 ', CAST(decided_on AS VARCHAR), ' 早于法制审核 ', CAST(reviewed_on AS VARCHAR)) END,
           CASE WHEN delivered_on < decided_on THEN concat('送达 ', CAST(delivered_on AS VARCHAR), ' 早于决定 ', CAST(decided_on AS VARCHAR)) END,
           CASE WHEN closed_on < coalesce(delivered_on, decided_on)
                THEN concat('结案 ', CAST(closed_on AS VARCHAR), ' 早于送达（决定） ', CAST(coalesce(delivered_on, decided_on) AS VARCHAR)) END
         ) AS disorder
  FROM dated
),
signs AS (
  SELECT j.unit_id, j.domain, j.record_id, j.source_file, j.source_line, s.sign,
         CASE s.sign
           WHEN 'order' THEN CASE WHEN coalesce(filed_on, noticed_on, reviewed_on, delivered_on, closed_on) IS NOT NULL THEN disorder <> '' END
           WHEN 'short_notice' THEN CASE WHEN procedure = 'ordinary' AND noticed_on <= decided_on
                                         THEN NOT is_waived AND workdays_between(noticed_on, decided_on) < notice_workdays END
           WHEN 'rest_day' THEN workdays_between(decided_on - 1, decided_on) = 0
         END AS is_odd,
         CASE s.sign
           WHEN 'order' THEN disorder
           WHEN 'short_notice' THEN concat('告知 ', CAST(noticed_on AS VARCHAR), ' 至决定 ', CAST(decided_on AS VARCHAR), ' 只隔 ',
                                           CAST(workdays_between(noticed_on, decided_on) AS VARCHAR), ' 个工作日，卷内无放弃陈述申辩文书')
           WHEN 'rest_day' THEN concat('决定 ', CAST(decided_on AS VARCHAR), ' 落在休息日')
         END AS says
  FROM judged AS j
  CROSS JOIN (VALUES ('order'), ('short_notice'), ('rest_day')) AS s (sign)
)
SELECT unit_id, domain, 'cases' AS source_table, record_id, source_file, source_line, sign, is_odd, says
FROM signs
WHERE is_odd IS NOT NULL
