-- /// population
-- title = "样本企业所报的检查次数与系统所记的检查次数"
-- grain = "one firm's report of one quarter, in one area: its province, its city, its county"
-- [excluded]
-- no_answer = "企业没有回答接受检查次数"
-- no_credit_code = "样本没有统一社会信用代码，无从与检查记录相对"
-- [columns]
-- visits_recorded = "系统记录的入企检查次数"
-- ///
--
-- 季度最后一日在 `$from` 以来的样本企业季度回答，与同一企业同一季度的检查记录相对。
-- `visits_recorded`：入企检查次数，见 `registered_visits`：同一日一并进行的检查计一次。
-- 样本没有填写区划的，只计入全省。`state` 未到期：季度尚未结束。
WITH own_province AS (
  SELECT min(substr(region_code, 1, 2)) || '0000' AS province FROM enterprise_burden_samples
),
reports AS (
  SELECT sample_id, quarter, source_file, source_line, credit_code, visits_reported, region_code AS place,
         CAST(date_trunc('quarter', quarter_start) AS DATE) AS first_day,
         CAST(date_trunc('quarter', quarter_start) + INTERVAL '3 months' AS DATE) - 1 AS due_on
  FROM enterprise_burden_samples
  WHERE end_of(quarter_start) <= $as_of
),
visits AS (
  SELECT enterprise_code, CAST(date_trunc('quarter', checked_on) AS DATE) AS first_day,
         count(DISTINCT occasion) AS visits_recorded
  FROM registered_visits
  WHERE checked_on >= CAST(date_trunc('quarter', day_of($from)) AS DATE)
    AND enterprise_code IN (SELECT credit_code FROM reports)
  GROUP BY enterprise_code, CAST(date_trunc('quarter', checked_on) AS DATE)
),
compared AS (
  SELECT r.*, coalesce(v.visits_recorded, 0) AS visits_recorded, p.province,
         CASE WHEN r.visits_reported IS NULL THEN 'no_answer' WHEN r.credit_code IS NULL THEN 'no_credit_code' END AS excluded_because
  FROM own_province AS p
  CROSS JOIN reports AS r
  LEFT JOIN visits AS v ON v.enterprise_code = r.credit_code AND v.first_day = r.first_day
  WHERE end_of(r.due_on) > $from
),
in_areas AS (
  SELECT *, unnest(array_distinct(make_array(province, CASE WHEN length(place) >= 6 THEN substr(place, 1, 4) || '00' ELSE province END,
                                             CASE WHEN length(place) >= 6 THEN substr(place, 1, 6) ELSE province END))) AS region_code
  FROM compared
)
SELECT region_code, '' AS domain, sample_id || ' / ' || quarter AS record_id, source_file, source_line, visits_reported, visits_recorded, due_on,
       excluded_because,
       CASE WHEN excluded_because IS NOT NULL THEN 'excluded' WHEN end_of(due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM in_areas
