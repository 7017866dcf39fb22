-- /// population
-- title = "乡镇向县级单位发出的协作请求"
-- grain = "one request of a township to a county unit"
-- [columns]
-- answered_on = "答复之日"
-- ///
--
-- 发出之日，请求方层级为乡镇（街道）、被请求方层级为县级的协作请求，归被请求的单位：答复是它的责任。
-- `due_on`：`county_support.target` 的最后一日，自发出之日起算。告知延期不是答复，不改变期限。
-- 来源系统自填的期限不作数。没有剔除项。
SELECT r.*, CASE WHEN end_of(r.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT q.to_unit AS unit_id, coalesce(q.domain, 'other') AS domain, q.request_id AS record_id, q.source_file, q.source_line, q.from_unit, q.sent_on,
         CASE WHEN q.answered_at < $as_of THEN day_of(q.answered_at) END AS answered_on,
         due_on('county_support.target', coalesce(q.domain, 'other'), q.sent_on) AS due_on,
         CAST(NULL AS VARCHAR) AS excluded_because
  FROM assistance_requests AS q
  JOIN unit_spans AS f ON f.unit_id = q.from_unit AND q.sent_on BETWEEN f.valid_from AND f.valid_to AND f.tier = 'township'
  JOIN unit_spans AS t ON t.unit_id = q.to_unit AND q.sent_on BETWEEN t.valid_from AND t.valid_to AND t.tier = 'county'
  WHERE end_of(q.sent_on) <= $as_of
) AS r
