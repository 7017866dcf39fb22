-- /// population
-- title = "与行政执法直接相关的热线诉求"
-- grain = "one 12345 order about enforcement"
-- [excluded]
-- not_reasonable = "诉求经认定不合理"
-- no_answer = "来电人没有评价；不计入满意度，另列回复率"
-- [columns]
-- is_satisfied = "已解决且评价满意"
-- ///
--
-- 标记为与行政执法有关的热线工单。计入回访来电人的月份（没有回访的，计入办结的月份），见 `counted_on`；尚未办结的为未到期。
-- 诉求是否合理没有认定的，视为合理。
-- `is_satisfied`：已解决，且来电人评价“满意”或“非常满意”。
SELECT o.*, CASE WHEN NOT o.is_closed THEN 'pending' WHEN o.excluded_because IS NOT NULL THEN 'excluded' ELSE 'due' END AS state
FROM (
  SELECT unit_id, coalesce(domain, 'other') AS domain, order_id AS record_id, source_file, source_line, satisfaction, resolved,
         coalesce(closed_at < $as_of, false) AS is_closed,
         CASE WHEN closed_at < $as_of
              THEN day_of(CASE WHEN callback_at < $as_of THEN callback_at ELSE closed_at END) ELSE created_on END AS counted_on,
         coalesce(resolved, false) AND coalesce(satisfaction IN ('very_satisfied', 'satisfied'), false) AS is_satisfied,
         CASE WHEN NOT is_reasonable THEN 'not_reasonable' WHEN satisfaction IS NULL THEN 'no_answer' END AS excluded_because
  FROM hotline_orders
  WHERE is_enforcement AND end_of(created_on) <= $as_of
) AS o
