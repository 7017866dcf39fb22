-- /// population
-- title = "行政处罚的公示记录及其案件"
-- grain = "one disclosure of a penalty and the case that it is about"
-- ///
--
-- 公示类型为行政处罚的公示，按案件编号，没有案件编号的按决定书文号或者所公示行为的编号，与同一单位的案件对应；对应不到案件的不在内。
-- 没有填写公示类型、但有案件编号的，也是处罚的公示。
-- `published_on`、`handed_over_on`、`withdrawn_on`：公示、交由登记地公示、撤回之日，截至数据截止时点已知的。
-- `is_exempt`：标明不应公示，且写明理由；只有标志没有理由的，不算。
WITH keys AS (
  SELECT unit_id, record_id AS key_text, record_id AS case_id FROM case_register
  UNION
  SELECT unit_id, decision_no, record_id FROM case_register WHERE decision_no IS NOT NULL
)
SELECT d.unit_id, d.disclosure_id AS record_id, d.source_file, d.source_line, k.case_id, d.changed_on,
       CASE WHEN d.published_at < $as_of THEN day_of(d.published_at) END AS published_on,
       CASE WHEN d.handed_over_at < $as_of THEN day_of(d.handed_over_at) END AS handed_over_on,
       CASE WHEN d.withdrawn_at < $as_of THEN day_of(d.withdrawn_at) END AS withdrawn_on,
       coalesce(NOT d.must_publish AND d.exempt_reason IS NOT NULL, false) AS is_exempt
FROM disclosures AS d
JOIN keys AS k ON k.unit_id = d.unit_id AND k.key_text = coalesce(d.case_id, d.decision_no, d.ref_id)
WHERE coalesce(d.ref_kind, CASE WHEN d.case_id IS NOT NULL THEN 'penalty' END) = 'penalty'
