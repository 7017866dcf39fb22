-- /// population
-- title = "线索及对线索的处理"
-- grain = "one lead received by the as-of date"
-- ///
--
-- 截至数据截止日收到的线索，以及各口径共同需要的各列；其他线索口径读取本口径。
-- `decided_on`：对线索作出决定之日；截至数据截止时点尚未作出的为空，没有决定时间的也为空：何时作出无从知道。
-- `filed_on`：对线索作出立案决定之日；线索本身看不出的，为由该线索开办的首个案件的立案之日。
-- `is_food_drug`：自报为食品药品，或者所涉事项在食品药品事项之内（`item_kinds`）：不报不能使线索退出时限。
-- `tested_days`：检测、检验、鉴定等不计入期限的天数，负数按零计。
SELECT d.*, d.lead_id AS record_id, coalesce(CASE WHEN d.decision = 'file' THEN d.decided_on END, f.filed_on) AS filed_on
FROM (
  SELECT l.unit_id, l.domain, l.lead_id, l.source_file, l.source_line, coalesce(l.is_food_drug, false) OR coalesce(i.is_food_drug, false) AS is_food_drug,
         l.received_on, l.decision, l.extended_on,
         CASE WHEN decision_at < $as_of THEN day_of(decision_at) END AS decided_on,
         greatest(coalesce(suspended_days, 0), 0) AS tested_days
  FROM leads AS l
  LEFT JOIN item_kinds AS i ON i.item_code = l.item_code
  WHERE end_of(received_on) <= $as_of
) AS d
LEFT JOIN (
  SELECT lead_id, min(filed_on) AS filed_on
  FROM case_register
  WHERE lead_id IS NOT NULL AND end_of(filed_on) <= $as_of
  GROUP BY lead_id
) AS f ON f.lead_id = d.lead_id
