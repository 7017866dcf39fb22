-- /// population
-- title = "应当送达的处罚、不予处罚决定"
-- grain = "one decision to penalise or not to penalise, made by the as-of date"
-- [excluded]
-- no_decision_date = "没有决定日期，送达时限无从起算"
-- ///
--
-- 截至数据截止日作出的处罚、不予处罚决定（没有处理结果的，视为处罚），各种程序的都在内。
-- `due_on`：送达的最后一日（`delivery.statutory`），自决定之日起算；当场交付的自然在内。
-- `delivered_on`：见 `case_steps`。没有决定日期的，`due_on` 自 `opened_on` 推算，只用于确定月份。
SELECT d.*, CASE WHEN d.excluded_because IS NOT NULL THEN 'excluded' WHEN end_of(d.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT c.unit_id, c.domain, c.record_id, c.source_file, c.source_line, c.decided_on, s.delivered_on,
         due_on('delivery.statutory', c.domain, coalesce(c.decided_on, c.opened_on)) AS due_on,
         CASE WHEN c.decided_on IS NULL THEN 'no_decision_date' END AS excluded_because
  FROM case_register AS c
  JOIN case_steps AS s ON s.case_id = c.case_id
  WHERE coalesce(c.ended_as, 'penalty') IN ('penalty', 'no_penalty') AND end_of(c.opened_on) <= $as_of
    AND coalesce(end_of(c.decided_on) <= $as_of, c.ended_as IS NOT NULL)
) AS d
