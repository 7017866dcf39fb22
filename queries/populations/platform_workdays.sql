-- /// population
-- title = "各主体各领域的工作日及其平台留痕"
-- grain = "one working day of one unit in one of its domains"
-- [columns]
-- is_traced = "当日有按时到达平台的记录"
-- ///
--
-- 主体在册期间、其各个领域的工作日。一个工作日在全省任一主体都没有记录的，不在内：平台当日停止归集，不能记在哪一个主体名下。
-- `due_on`：当日的记录到达平台的最后一日（时限 `feed.target`）。
-- `is_traced`：当日的案件或检查，至少一条在最后一日之前（含当日）到达平台。补录的记录到达在后，不算当日留痕；
-- 没有到达时间的记录，无从证明按时到达，也不算。只看有没有，不看多少条：多办、多查不能使比率提高。
-- 没有登记任何领域的主体没有行。没有剔除项。
WITH posts AS (
  SELECT unit_id, unnest(domain_list) AS domain, valid_from, valid_to FROM unit_spans
),
days AS (
  SELECT DISTINCT event_date AS worked_on
  FROM platform_records
  WHERE end_of(event_date) <= $as_of AND workdays_between(event_date - 1, event_date) = 1
),
arrivals AS (
  SELECT unit_id, coalesce(domain, 'other') AS domain, event_date, min(arrived_at) AS arrived_at,
         min(source_file) AS source_file, min(source_line) AS source_line
  FROM platform_records
  WHERE end_of(event_date) <= $as_of AND coalesce(arrived_at < $as_of, true)
  GROUP BY 1, 2, 3
)
SELECT w.*, coalesce(w.arrived_at < end_of(w.due_on), false) AS is_traced, CAST(NULL AS VARCHAR) AS excluded_because,
       CASE WHEN end_of(w.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT p.unit_id, p.domain, concat(p.unit_id, ' / ', p.domain, ' / ', CAST(d.worked_on AS VARCHAR)) AS record_id, a.source_file, a.source_line,
         d.worked_on, a.arrived_at, due_on('feed.target', p.domain, d.worked_on) AS due_on
  FROM posts AS p
  JOIN days AS d ON d.worked_on BETWEEN p.valid_from AND p.valid_to
  LEFT JOIN arrivals AS a ON a.unit_id = p.unit_id AND a.domain = p.domain AND a.event_date = d.worked_on
) AS w
