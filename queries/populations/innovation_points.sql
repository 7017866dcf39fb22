-- /// population
-- title = "创新案例的本年计分"
-- grain = "one case of innovation of the year, and one row without points for every unit, domain and kind"
-- [excluded]
-- level_without_points = "认可级别为县级或者没有认可，不计分"
-- [columns]
-- points_for_level = "按认可级别应得的分"
-- points = "计入的分（不超过上限的余额）"
-- points_before = "本年在前的案例应得的分"
-- is_case = "是案例（否则为主体的本底行）"
-- ///
--
-- `$from` 以来具备各项要件的案例（`innovation_claims`）：国家级、省级、市级分别按参数 `innovation.points.*` 计分。
-- 每个主体每类案例全年至多 `innovation.points_cap`：按 `counted_on` 先后计入，计满为止，各领域合并计算上限，使案例分散到几个领域不能多得。
-- `points`：本案例实际计入的分；`points_before`：同一主体同类案例中在前的应得分。
-- 两类案例（非现场技术应用、数据共享）中，主体在册的每个领域另有一行本底（零分，`record_id` 为主体编号，`is_case` 为假）：
-- 没有案例的主体因此得零分，而不是“没有应办事项”，否则报得少的反而不如不报。本底行不是案例，不进入数量。
WITH cases_of_year AS (
  SELECT *, CASE WHEN excluded_because IS NULL
                 THEN CASE level WHEN 'national' THEN param('innovation.points.national', domain, due_on)
                                 WHEN 'province' THEN param('innovation.points.province', domain, due_on)
                                 WHEN 'city' THEN param('innovation.points.city', domain, due_on) END
            END AS points_for_level
  FROM innovation_claims
  WHERE end_of(due_on) > $from
),
in_turn AS (
  SELECT *, coalesce(sum(points_for_level) OVER (PARTITION BY unit_id, kind ORDER BY due_on, record_id
                                                 ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS points_before
  FROM cases_of_year
)
SELECT unit_id, domain, record_id, source_file, source_line, kind, level, counted_on, due_on, points_for_level, points_before,
       greatest(least(coalesce(points_for_level, 0), param('innovation.points_cap', domain, due_on) - points_before), 0) AS points,
       true AS is_case,
       CASE WHEN excluded_because IS NOT NULL THEN excluded_because WHEN points_for_level IS NULL THEN 'level_without_points' END AS excluded_because,
       CASE WHEN points_for_level IS NULL THEN 'excluded' ELSE 'due' END AS state
FROM in_turn
UNION ALL
SELECT u.unit_id, u.domain, u.unit_id AS record_id, CAST(NULL AS VARCHAR) AS source_file, CAST(NULL AS BIGINT) AS source_line, k.kind,
       CAST(NULL AS VARCHAR) AS level, CAST(NULL AS DATE) AS counted_on, day_of($as_of - INTERVAL '1 second') AS due_on,
       NULL AS points_for_level, NULL AS points_before, 0 AS points, false AS is_case, CAST(NULL AS VARCHAR) AS excluded_because, 'due' AS state
FROM (VALUES ('offsite_tech'), ('data_sharing')) AS k (kind)
CROSS JOIN (SELECT unit_id, unnest(domain_list) AS domain FROM unit_spans
            WHERE day_of($as_of - INTERVAL '1 second') BETWEEN valid_from AND valid_to) AS u
