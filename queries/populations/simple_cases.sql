-- /// population
-- title = "乡镇适用简易程序的案件及其合规要件"
-- grain = "one case of a township under the simple procedure"
-- [excluded]
-- transferred = "已移送其他机关"
-- withdrawn = "已撤案"
-- no_decision_date = "没有决定日期"
-- [columns]
-- is_compliant = "各项要件合规"
-- ///
--
-- 乡镇（街道）的全部简易程序案件，不论是否合法：范围依法律，使600元的违法当场罚款不能躲在计划的范围之外
-- （计划的范围：500元以下罚款和警告，见 `in_plan_scope` 和 `simple_cases_in_plan_scope`）。`due_on`：材料归档的最后一日（`simple_archive.statutory`）。
-- `within_cap`、`mild_kinds`：罚款在简易程序上限之内，处罚种类不重于罚款（见 `case_register`）。
-- `two_officers`：执法人员不少于两人（`simple.officers_min`）。`has_form`：有编号的决定书。
-- `on_the_spot`：决定当日送达。`archived_on`：决定书归档之日。
-- 没有决定日期的，按最早记录的日期确定月份。
WITH documents AS (
  SELECT case_id, max(doc_no) AS doc_no, min(day_of(served_at)) AS served_on, min(day_of(archived_at)) AS archived_on
  FROM case_documents
  WHERE doc_kind IN ('simple_decision', 'decision') AND end_of(dated_on) <= $as_of
  GROUP BY case_id
),
judged AS (
  SELECT c.unit_id, c.domain, c.record_id, c.source_file, c.source_line, c.decided_on, d.archived_on,
         due_on('simple_archive.statutory', c.domain, coalesce(c.decided_on, c.opened_on)) AS due_on,
         c.within_simple_cap AS within_cap, c.mild_kinds,
         coalesce(cardinality(c.officers), 0) >= param('simple.officers_min', c.domain, c.decided_on) AS two_officers,
         d.doc_no IS NOT NULL AS has_form,
         coalesce(coalesce(d.served_on, c.delivered_on) = c.decided_on, false) AS on_the_spot,
         coalesce(c.fine_amount, 0) <= param('simple.scope_fine_cap', c.domain, c.decided_on) AS in_plan_scope,
         CASE WHEN c.ended_as IN ('transferred', 'withdrawn') THEN c.ended_as
              WHEN c.decided_on IS NULL THEN 'no_decision_date' END AS excluded_because
  FROM case_register AS c
  JOIN unit_spans AS u ON u.unit_id = c.unit_id AND c.opened_on BETWEEN u.valid_from AND u.valid_to AND u.tier = 'township'
  LEFT JOIN documents AS d ON d.case_id = c.case_id
  WHERE c.procedure = 'simple' AND end_of(c.opened_on) <= $as_of
)
SELECT *, within_cap AND mild_kinds AND two_officers AND has_form AND on_the_spot
          AND coalesce(archived_on <= due_on, false) AS is_compliant,
       CASE WHEN excluded_because IS NOT NULL THEN 'excluded' WHEN end_of(due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM judged
