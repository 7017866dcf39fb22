-- /// population
-- title = "当场实施、应当补办批准的强制措施"
-- grain = "one coercive measure that began by the as-of instant"
-- [excluded]
-- approved_before = "实施前已经批准，不是当场实施"
-- no_start_time = "没有实施时刻，24小时无从起算"
-- ///
--
-- 截至数据截止日已经实施的强制措施（不含强制执行）。实施以前没有批准的，都是当场实施，应当在24小时内报告并补办批准手续；
-- 不以单位自报的是否紧急（`urgent`）为准：自报不紧急而没有事先批准的，照样计入；自报紧急而事先已经批准的，不是当场实施，予以剔除。
-- 始终没有批准记录的，视为当场实施、没有补办。
-- `due_at`：补办批准的最后时刻（`coercion_report.statutory`），夜间和节假日照常计时；没有实施时刻的，自当日24时推算，只用于确定月份。
SELECT s.*, CASE WHEN s.excluded_because IS NOT NULL THEN 'excluded' WHEN s.due_at <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT m.unit_id, m.act_domain AS domain, m.record_id, m.source_file, m.source_line, m.urgent, m.began_at,
         CASE WHEN m.approved_at < $as_of THEN m.approved_at END AS approved_at,
         due_at('coercion_report.statutory', m.act_domain, coalesce(m.began_at, end_of(m.started_on) - INTERVAL '1 second')) AS due_at,
         CASE WHEN m.began_at IS NULL AND day_of(m.approved_at) < m.started_on OR m.approved_at <= m.began_at THEN 'approved_before'
              WHEN m.began_at IS NULL THEN 'no_start_time' END AS excluded_because
  FROM coercion_register AS m
  WHERE NOT m.is_execution AND end_of(m.started_on) <= $as_of AND coalesce(m.began_at < $as_of, true)
) AS s
