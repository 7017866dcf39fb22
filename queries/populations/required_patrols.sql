-- /// population
-- title = "应开展的联合巡查"
-- grain = "one joint patrol that a region owes in the year: the first, the second, … at one border, or over all borders without a number of their own"
-- [excluded]
-- cross_province = "跨省边界，另一方的系统不在本省，看不到其记录"
-- [columns]
-- is_held = "已开展有效联合巡查"
-- ///
--
-- 各县各领域本年应开展的联合巡查，一次为一行（`nth` 为第几次），按次数分摊到各季度：应到第几个季度末，`due_on` 即为该季度的最后一日。
-- 相邻关系（`region_adjacency`）写明年度次数的，对该邻区负担该次数；没有写明的，全部此类邻区合计负担参数
-- `synergy.patrols_per_quarter` 规定的每季度次数（`neighbour` 为空文本）：邻区多的县不必多巡。该参数为0的领域没有此项责任。
-- `is_held`：`$from` 以来双方都有记录的有效联合巡查（见 `border_patrols`）达到了第几次。多巡的次数不增加任何行。
-- 归该县该领域的单位；该县没有的，归所在市的单位。
-- `state` 未到期：所属季度尚未结束。跨省边界的剔除：看不到另一方的记录。
WITH places AS (
  SELECT substr(region_code, 1, 6) AS place, tier, unit_id, unnest(domain_list) AS office_domain
  FROM (SELECT unit_id, tier, region_code, domain_list
        FROM unit_spans
        WHERE tier IN ('county', 'city') AND day_of($as_of - INTERVAL '1 second') BETWEEN valid_from AND valid_to) AS u
),
offices AS (
  SELECT place, office_domain, min(unit_id) AS unit_id
  FROM places
  GROUP BY place, office_domain
),
counties AS (
  SELECT DISTINCT substr(region_code, 1, 6) AS place
  FROM unit_spans
  WHERE substr(region_code, 5, 2) <> '00' AND day_of($as_of - INTERVAL '1 second') BETWEEN valid_from AND valid_to
),
duties AS (
  SELECT duty_domain, CAST(param('synergy.patrols_per_quarter', duty_domain, day_of($as_of - INTERVAL '1 second')) AS BIGINT) AS a_quarter
  FROM (VALUES ('market'), ('urban'), ('eco'), ('transport'), ('emergency'), ('other')) AS d (duty_domain)
),
borders AS (
  SELECT substr(region_a, 1, 6) AS region, substr(region_b, 1, 6) AS neighbour, required_patrols, source_file, source_line FROM region_adjacency
  UNION ALL
  SELECT substr(region_b, 1, 6), substr(region_a, 1, 6), required_patrols, source_file, source_line FROM region_adjacency
),
held AS (
  SELECT region_a, region_b, domain, count(*) AS patrols
  FROM border_patrols
  WHERE is_valid AND end_of(patrolled_on) > $from
  GROUP BY region_a, region_b, domain
),
sides AS (
  SELECT b.region, b.neighbour, d.duty_domain AS domain, d.a_quarter, b.required_patrols, b.source_file, b.source_line, coalesce(h.patrols, 0) AS patrols,
         substr(b.region, 1, 2) <> substr(b.neighbour, 1, 2) AS is_cross_province
  FROM borders AS b
  JOIN counties AS c ON c.place = b.region
  CROSS JOIN duties AS d
  LEFT JOIN held AS h ON h.region_a = least(b.region, b.neighbour) AND h.region_b = greatest(b.region, b.neighbour) AND h.domain = d.duty_domain
  WHERE d.a_quarter > 0
),
owed AS (
  SELECT region, neighbour, domain, greatest(coalesce(required_patrols, 4 * a_quarter), 0) AS a_year, patrols, is_cross_province, source_file, source_line
  FROM sides
  WHERE required_patrols IS NOT NULL OR is_cross_province
  UNION ALL
  SELECT region, '', domain, 4 * min(a_quarter), sum(patrols), false, min(source_file), min(source_line)
  FROM sides
  WHERE required_patrols IS NULL AND NOT is_cross_province
  GROUP BY region, domain
),
slots AS (
  SELECT *, (4 * nth + a_year - 1) / a_year AS quarter_due
  FROM (SELECT *, unnest(range(1, a_year + 1)) AS nth FROM owed) AS o
),
dated AS (
  SELECT *, CASE quarter_due WHEN 1 THEN make_date(this_year, 3, 31) WHEN 2 THEN make_date(this_year, 6, 30)
                             WHEN 3 THEN make_date(this_year, 9, 30) ELSE make_date(this_year, 12, 31) END AS due_on
  FROM (SELECT *, CAST(extract(year FROM day_of($as_of - INTERVAL '1 second')) AS INT) AS this_year FROM slots) AS s
)
SELECT coalesce(o.unit_id, c.unit_id) AS unit_id, d.domain, d.region || ' / ' || d.neighbour || ' / ' || CAST(d.nth AS VARCHAR) AS record_id,
       d.source_file, d.source_line, d.region, d.neighbour, d.nth, d.due_on, d.nth <= d.patrols AS is_held,
       CASE WHEN d.is_cross_province THEN 'cross_province' END AS excluded_because,
       CASE WHEN d.is_cross_province THEN 'excluded' WHEN end_of(d.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM dated AS d
LEFT JOIN offices AS o ON o.place = d.region AND o.office_domain = d.domain
LEFT JOIN offices AS c ON c.place = substr(d.region, 1, 4) || '00' AND c.office_domain = d.domain
