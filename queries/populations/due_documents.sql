-- /// population
-- title = "案件应当具备的文书"
-- grain = "one document that a decided case must have"
-- [excluded]
-- not_checked = "文书在卷，但要素未经检查"
-- [columns]
-- is_standard = "文书规范"
-- ///
--
-- 每件已作出决定的案件应有的文书：依程序和处理结果应有的，以及处罚前应当履行的程序应有的
-- （听证权利、法制审核、集体讨论；应当与否依 `penalty_decisions`：由数额、种类和标志任一项认定，不填标志不能少文书）。
-- `due_on`：送达的最后一日（时限 `delivery.statutory`），届时案卷应当完整。
-- `is_standard`：有该种文书且要素齐全（自动检查），并且案卷评查没有发现否决项、没有评为不合格。应有而缺少的文书，视为不规范；
-- 一份文书也没有归入系统的案件，应有的文书全部视为缺少：系统中看不到的文书无从证明规范，不上传不能使案件退出分母。
-- （联接保留左侧：行少、列少的在左。）
WITH decided AS (
  SELECT c.unit_id, c.domain, c.case_id, c.source_file, c.source_line, coalesce(c.procedure, 'ordinary') AS procedure, c.ended_as,
         coalesce(p.needs_hearing, false) AS needs_hearing, coalesce(p.needs_legal_review, false) AS needs_legal_review,
         coalesce(p.needs_discussion, false) AS needs_discussion, due_on('delivery.statutory', c.domain, c.decided_on) AS due_on
  FROM case_register AS c
  LEFT JOIN penalty_decisions AS p ON p.record_id = c.record_id
  WHERE end_of(c.decided_on) <= $as_of AND c.ended_as IN ('penalty', 'no_penalty')
),
due_kinds AS (
  SELECT *
  FROM (
    SELECT *, unnest(array_concat(
                CASE WHEN ended_as = 'penalty' AND procedure = 'simple'   THEN make_array('simple_decision')
                     WHEN ended_as = 'penalty' AND procedure = 'ordinary'
                     THEN make_array('filing_approval', 'investigation_report', 'prior_notice', 'decision', 'delivery_receipt')
                     WHEN ended_as = 'penalty' AND procedure = 'quick'
                     THEN make_array('filing_approval', 'prior_notice', 'decision', 'delivery_receipt')
                     WHEN ended_as = 'no_penalty' AND procedure = 'ordinary'
                     THEN make_array('filing_approval', 'investigation_report', 'no_penalty_decision', 'education_record', 'delivery_receipt')
                     ELSE make_array() END,
                CASE WHEN ended_as = 'penalty' THEN make_array('hearing_right_notice', 'legal_review_opinion', 'collective_record')
                     ELSE make_array() END)) AS doc_kind
    FROM decided
  ) AS d
  WHERE CASE doc_kind WHEN 'hearing_right_notice' THEN needs_hearing WHEN 'legal_review_opinion' THEN needs_legal_review
                      WHEN 'collective_record' THEN needs_discussion ELSE true END
),
documents AS (
  SELECT case_id, doc_kind, bool_or(coalesce(elements_ok, cardinality(missing_elements) = 0)) AS is_complete
  FROM case_documents
  WHERE end_of(dated_on) <= $as_of
  GROUP BY case_id, doc_kind
),
failed AS (
  SELECT case_id
  FROM case_file_reviews
  WHERE end_of(reviewed_on) <= $as_of AND (grade = 'fail' OR cardinality(veto_items) > 0)
  GROUP BY case_id
)
SELECT j.*, CASE WHEN j.excluded_because IS NOT NULL THEN 'excluded' WHEN end_of(j.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT k.unit_id, k.domain, k.case_id || ' / ' || k.doc_kind AS record_id, k.source_file, k.source_line, k.case_id, k.doc_kind, k.due_on,
         coalesce(d.is_complete, false) AND f.case_id IS NULL AS is_standard,
         CASE WHEN d.case_id IS NOT NULL AND d.is_complete IS NULL THEN 'not_checked' END AS excluded_because
  FROM failed AS f
  RIGHT JOIN (documents AS d RIGHT JOIN due_kinds AS k ON d.case_id = k.case_id AND d.doc_kind = k.doc_kind) ON f.case_id = k.case_id
) AS j
