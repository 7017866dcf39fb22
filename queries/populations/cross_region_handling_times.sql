-- /// population
-- title = "由外地移送来的案件的办理用时"
-- grain = "one ordinary case that came by a cross-region transfer and was decided in the window"
-- [excluded]
-- no_local_case = "统计期内本单位没有同一事项的本地案件可比，或者没有填写事项"
-- [columns]
-- gap_days = "比本地同类案件多用的工作日"
-- ///
--
-- `$from` 以来作出决定的非简易程序案件中，由外地移送而来的：案件登记为移送的接收方案件（`received_case_id`）；市与所辖县之间的移送不算外地。
-- `own_days`：自立案至决定的工作日（不含立案当日）。`local_days`：同一单位、同一领域、同一事项的本地案件用时的中位数。
-- `gap_days`：前者减后者。没有本地案件可比的，剔除。没有立案日期或者决定早于立案的，用时无从计算，不在本口径内。
WITH timed AS (
  SELECT unit_id, domain, record_id, case_id, source_file, source_line, item_code, decided_on,
         CAST(workdays_between(filed_on, decided_on) AS DECIMAL(18, 4)) AS own_days
  FROM case_register
  WHERE coalesce(procedure, 'ordinary') <> 'simple' AND filed_on <= decided_on
    AND end_of(decided_on) > $from AND end_of(decided_on) <= $as_of
),
received AS (
  SELECT DISTINCT received_case_id AS case_id
  FROM cross_region_leads
  WHERE is_across AND received_case_id IS NOT NULL
),
sorted AS (
  SELECT t.*, r.case_id IS NOT NULL AS is_from_outside
  FROM timed AS t
  LEFT JOIN received AS r ON r.case_id = t.case_id
),
local_cases AS (
  SELECT unit_id, domain, item_code, median(own_days) AS local_days
  FROM sorted
  WHERE NOT is_from_outside AND item_code IS NOT NULL
  GROUP BY unit_id, domain, item_code
)
SELECT s.unit_id, s.domain, s.record_id, s.source_file, s.source_line, s.decided_on, s.own_days, l.local_days, s.own_days - l.local_days AS gap_days,
       CASE WHEN l.local_days IS NULL THEN 'no_local_case' END AS excluded_because,
       CASE WHEN l.local_days IS NULL THEN 'excluded' ELSE 'due' END AS state
FROM sorted AS s
LEFT JOIN local_cases AS l ON l.unit_id = s.unit_id AND l.domain = s.domain AND l.item_code = s.item_code
WHERE s.is_from_outside
