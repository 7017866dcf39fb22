-- /// population
-- title = "被复议、诉讼的行政决定"
-- grain = "one challenged act, by the result that stands in the end"
-- [excluded]
-- inaction = "责令履行：被复议、诉讼的是不作为，没有可以改变的决定"
-- [columns]
-- is_self_corrected = "单位自行改变或者撤回"
-- ///
--
-- `review_outcomes` 的各件，另加单位在复议、诉讼中有没有自行改变或者撤回原决定。调解、撤回、和解的也是被复议、诉讼的决定，都在内。
-- `is_self_corrected`：任何一级的结果是自行纠正，或者任何一级受理之日以后记录了单位自行改变的日期（`agency_changed_on`）；
-- 后者使以撤诉、和解结束的自行改变也看得见。受理以前就已改变的，不是被复议、诉讼以后才改变。
SELECT o.unit_id, o.domain, o.record_id, o.source_file, o.source_line, o.case_id, o.outcome, o.settled_on,
       h.is_self_corrected,
       CASE WHEN o.state <> 'pending' AND o.outcome = 'duty_ordered' THEN 'inaction' END AS excluded_because,
       CASE WHEN o.state = 'pending' THEN 'pending' WHEN o.outcome = 'duty_ordered' THEN 'excluded' ELSE 'due' END AS state
FROM review_outcomes AS o
JOIN (
  SELECT unit_id, coalesce(case_id, rl_id) AS act_id,
         bool_or(coalesce(outcome = 'self_corrected' AND end_of(decided_on) <= $as_of, false)
                 OR coalesce(agency_changed_on >= filed_on AND end_of(agency_changed_on) <= $as_of, false)) AS is_self_corrected
  FROM reviews_litigation
  WHERE end_of(filed_on) <= $as_of
  GROUP BY unit_id, coalesce(case_id, rl_id)
) AS h ON h.unit_id = o.unit_id AND h.act_id = coalesce(o.case_id, o.record_id)
