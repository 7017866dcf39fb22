-- /// population
-- title = "全部罚款决定与裁量基准"
-- grain = "one penalty"
-- [excluded]
-- no_fine = "没有罚款，基准的金额幅度不适用"
-- no_fine_amount = "有罚款而没有记录金额，无从比对"
-- no_benchmark = "决定之日该事项没有已公布的金额基准，案件也没有记载"
-- no_decision_date = "没有决定日期，看不出适用哪一版基准"
-- [columns]
-- is_deviation = "罚款在基准之外且没有记录理由"
-- is_from_elsewhere = "当事人来自辖区以外"
-- fine_ratio = "罚款与基准中值之比"
-- ///
--
-- 全部行政处罚决定（见 `penalties_of_all_dates`），不论数据截止日，及决定之日已公布、有效的裁量基准（`benchmarks`）。
-- 基准按事项编码查找，取与案件相同的档次；没有相同档次的，取不分档次（*）的；都没有的（没有填写档次，或者写法对不上），
-- 落在该事项任何一个档次之内即为在基准之内。没有公布日期的基准不算。同一事项、档次的后一版生效，前一版即失效。
-- 基准没有金额的（按货值、违法所得的倍数），用案件记载的幅度（`benchmark_min`、`benchmark_max`）；基准有金额的，不用案件自己记载的。
-- 没有事项编码、案件也没有记载幅度的，无从证明在基准之内，视为偏离：编码缺漏不使案件退出分母。
-- `is_deviation`：罚款低于下限或者高于上限，且没有记录偏离的情节或理由（`aggravation`）。高于、低于同样是偏离。
-- `fine_ratio`：罚款与所适用档次的中值之比；适用哪一档不明的、上下限不全的，为空。只用于比较同类案件之间的差别，不计入任何得分的多少。
-- `is_from_elsewhere`：当事人来自辖区以外；没有填写的，以统一社会信用代码中的登记地与单位是否在同一设区市为准；也没有代码的为空。
-- `grade`：事项与档次，即同案不同罚所比较的一格；没有事项编码的为空。
WITH spans AS (
  SELECT item_code, severity, fine_min, fine_max, published_on, valid_from,
         least(coalesce(valid_to, DATE '9999-12-31'),
               coalesce(lead(valid_from) OVER (PARTITION BY item_code, severity ORDER BY valid_from) - 1, DATE '9999-12-31')) AS valid_to
  FROM benchmarks
  WHERE published_on IS NOT NULL
),
penalties AS (
  SELECT unit_id, domain, record_id, source_file, source_line, item_code, severity, decided_on, counted_on,
         fine_amount, benchmark_min, benchmark_max, aggravation, penalty_kinds,
         coalesce(is_out_of_area, substr(party_region, 1, 4) <> substr(unit_region, 1, 4)) AS is_from_elsewhere
  FROM penalties_of_all_dates
),
grades AS (
  SELECT p.record_id,
         CASE WHEN b.severity = p.severity THEN 1 WHEN b.severity = '*' THEN 2 ELSE 3 END AS place,
         bool_or(NOT coalesce(p.fine_amount < b.fine_min OR p.fine_amount > b.fine_max, false)) AS is_inside,
         min(b.fine_min) AS band_min, max(b.fine_max) AS band_max
  FROM penalties AS p
  JOIN spans AS b ON b.item_code = p.item_code AND p.decided_on BETWEEN b.valid_from AND b.valid_to
  WHERE b.published_on <= p.decided_on AND (b.fine_min IS NOT NULL OR b.fine_max IS NOT NULL)
  GROUP BY 1, 2
),
applied AS (
  SELECT record_id, place, is_inside, band_min, band_max
  FROM (SELECT *, row_number() OVER (PARTITION BY record_id ORDER BY place) AS nth FROM grades) AS g
  WHERE nth = 1
)
SELECT j.unit_id, j.domain, j.record_id, j.source_file, j.source_line, j.counted_on, j.decided_on, j.item_code, j.severity, j.is_from_elsewhere,
       j.item_code || ' / ' || coalesce(j.severity, '*') AS grade,
       j.is_outside AND j.aggravation IS NULL AS is_deviation,
       CASE WHEN j.midpoint > 0 AND j.decided_on IS NOT NULL THEN CAST(j.fine_amount AS DOUBLE) / CAST(j.midpoint AS DOUBLE) END AS fine_ratio,
       j.excluded_because
FROM (
  SELECT p.*,
         CASE WHEN g.record_id IS NOT NULL THEN NOT g.is_inside
              WHEN p.benchmark_min IS NOT NULL OR p.benchmark_max IS NOT NULL
              THEN coalesce(p.fine_amount < p.benchmark_min OR p.fine_amount > p.benchmark_max, false)
              ELSE true END AS is_outside,
         CASE WHEN g.record_id IS NULL THEN p.benchmark_min + p.benchmark_max
              WHEN g.place < 3 THEN g.band_min + g.band_max END * 0.5 AS midpoint,
         CASE WHEN p.decided_on IS NULL THEN 'no_decision_date'
              WHEN p.fine_amount IS NULL THEN CASE WHEN array_has(p.penalty_kinds, 'fine') THEN 'no_fine_amount' ELSE 'no_fine' END
              WHEN g.record_id IS NULL AND p.benchmark_min IS NULL AND p.benchmark_max IS NULL AND p.item_code IS NOT NULL THEN 'no_benchmark' END AS excluded_because
  FROM penalties AS p
  LEFT JOIN applied AS g ON g.record_id = p.record_id
) AS j
