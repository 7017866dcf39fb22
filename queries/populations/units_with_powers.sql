-- /// population
-- title = "应当接入考核平台的执法主体"
-- grain = "one unit in one of its domains"
-- [excluded]
-- entrusted = "受委托组织，以委托机关的名义执法"
-- [columns]
-- is_on_platform = "统计期内平台上有记录"
-- ///
--
-- 数据截止日存续的执法主体；有几个执法领域的，在每个领域各为一行，没有填写领域的为其他（other）。
-- `is_on_platform`：考核平台上有该主体统计期内的记录，不论哪个领域：某一领域当月无事的，不因此视为没有接入。
-- `state` 未到期：统计期首日之后才设立的。
SELECT u.unit_id, u.domain, u.unit_id AS record_id, u.source_file, u.source_line, p.unit_id IS NOT NULL AS is_on_platform,
       CASE WHEN u.unit_kind = 'entrusted' THEN 'entrusted' END AS excluded_because,
       CASE WHEN u.unit_kind = 'entrusted' THEN 'excluded' WHEN u.first_from > day_of($from) THEN 'pending' ELSE 'due' END AS state
FROM (
  SELECT s.*, unnest(coalesce(s.domain_list, make_array('other'))) AS domain
  FROM (SELECT *, min(valid_from) OVER (PARTITION BY unit_id) AS first_from FROM unit_spans) AS s
  WHERE day_of($as_of - INTERVAL '1 second') BETWEEN s.valid_from AND s.valid_to
) AS u
LEFT JOIN (
  SELECT unit_id
  FROM platform_records
  WHERE end_of(event_date) > $from AND end_of(event_date) <= $as_of AND coalesce(arrived_at < $as_of, true)
  GROUP BY unit_id
) AS p ON p.unit_id = u.unit_id
