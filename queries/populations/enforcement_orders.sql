-- /// population
-- title = "与行政执法直接相关的热线诉求"
-- grain = "one 12345 order about enforcement"
-- [excluded]
-- not_reasonable = "诉求经认定不合理"
-- no_answer = "来电人没有评价；不计入满意度，另列回复率"
-- only_declared_unrelated = "仅凭来源填报认定与行政执法无关，没有其他依据；不计入，另列"
-- [columns]
-- is_satisfied = "已解决且评价满意"
-- is_graded_satisfied = "评价满意"
-- ///
--
-- 与行政执法有关的热线工单，由内容认定（见 `hotline_register`）。计入回访来电人的月份（没有回访的，计入办结的月份），见 `counted_on`；
-- 尚未办结的为未到期。
-- 诉求是否合理见 `hotline_register`：没有认定的、认定为不合理而查有实据的，都视为合理。仅凭来源填报认定无关的投诉、举报，列为剔除：少报“涉执法”不能使工单不留痕迹。
-- `is_satisfied`：已解决，且来电人评价“满意”或“非常满意”。`is_graded_satisfied`：来电人评价“满意”或“非常满意”，不论是否解决。
SELECT o.*, CASE WHEN o.excluded_because = 'only_declared_unrelated' THEN 'excluded'
                 WHEN NOT o.is_closed THEN 'pending'
                 WHEN o.excluded_because IS NOT NULL THEN 'excluded'
                 ELSE 'due' END AS state
FROM (
  SELECT unit_id, act_domain AS domain, record_id, source_file, source_line, satisfaction, resolved, is_about_livelihood, declaration_differs, reasonableness_differs,
         coalesce(closed_at < $as_of, false) AS is_closed,
         CASE WHEN closed_at < $as_of
              THEN day_of(CASE WHEN callback_at < $as_of THEN callback_at ELSE closed_at END) ELSE created_on END AS counted_on,
         coalesce(resolved, false) AND coalesce(satisfaction IN ('very_satisfied', 'satisfied'), false) AS is_satisfied,
         coalesce(satisfaction IN ('very_satisfied', 'satisfied'), false) AS is_graded_satisfied,
         CASE WHEN NOT about_enforcement THEN 'only_declared_unrelated'
              WHEN NOT is_justified THEN 'not_reasonable'
              WHEN satisfaction IS NULL THEN 'no_answer' END AS excluded_because
  FROM hotline_register
  WHERE (about_enforcement OR may_be_enforcement) AND (end_of(created_on) <= $as_of OR closed_at < $as_of)
) AS o
