-- /// population
-- title = "与行政执法直接相关的热线诉求"
-- grain = "one 12345 order about enforcement"
-- [excluded]
-- not_reasonable = "诉求不合理"
-- no_answer = "来电人没有评价；不计入满意度，另列回复率"
-- ///
--
-- Orders marked as about enforcement. An order counts in the month in which the caller was called back (or, without a call-back,
-- the order was closed): `counted_on`; while it is open it is pending. An order nobody called reasonable or not is reasonable.
-- `is_satisfied` = solved, and the caller answered 满意 or 非常满意.
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
