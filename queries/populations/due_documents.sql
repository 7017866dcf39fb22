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
WITH needed AS (
  SELECT * FROM (VALUES
    ('simple',   'penalty',    'simple_decision',      'all'),
    ('ordinary', 'penalty',    'filing_approval',      'all'),        ('ordinary', 'penalty',    'investigation_report', 'all'),
    ('ordinary', 'penalty',    'prior_notice',         'all'),        ('ordinary', 'penalty',    'decision',             'all'),
    ('ordinary', 'penalty',    'delivery_receipt',     'all'),
    ('ordinary', 'no_penalty', 'filing_approval',      'all'),        ('ordinary', 'no_penalty', 'investigation_report', 'all'),
    ('ordinary', 'no_penalty', 'no_penalty_decision',  'all'),        ('ordinary', 'no_penalty', 'education_record',     'all'),
    ('ordinary', 'no_penalty', 'delivery_receipt',     'all'),
    ('quick',    'penalty',    'filing_approval',      'all'),        ('quick',    'penalty',    'prior_notice',         'all'),
    ('quick',    'penalty',    'decision',             'all'),        ('quick',    'penalty',    'delivery_receipt',     'all'),
    ('',         'penalty',    'hearing_right_notice', 'hearing'),    ('',         'penalty',    'legal_review_opinion', 'review'),
    ('',         'penalty',    'collective_record',    'discussion')
  ) AS v (procedure, ended_as, doc_kind, needed_for)
),
decided AS (
  SELECT c.unit_id, c.domain, c.case_id, c.source_file, c.source_line, coalesce(c.procedure, 'ordinary') AS procedure, c.ended_as,
         p.needs_hearing, p.needs_legal_review, p.needs_discussion,
         due_on('delivery.statutory', c.domain, c.decided_on) AS due_on
  FROM case_register AS c
  LEFT JOIN penalty_decisions AS p ON p.record_id = c.record_id
  WHERE end_of(c.decided_on) <= $as_of
),
due_kinds AS (
  SELECT d.*, n.doc_kind
  FROM needed AS n
  JOIN decided AS d ON n.ended_as = d.ended_as AND (n.procedure = '' OR n.procedure = d.procedure)
  WHERE CASE n.needed_for WHEN 'hearing' THEN d.needs_hearing WHEN 'review' THEN d.needs_legal_review
                          WHEN 'discussion' THEN d.needs_discussion ELSE true END
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
