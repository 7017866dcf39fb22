-- /// population
-- title = "清单内的处罚事项及其裁量基准"
-- grain = "one penalty item on the list of one unit at the as-of date, in one domain"
-- [columns]
-- item = "处罚事项"
-- has_benchmark = "有已公布、有效的裁量基准"
-- ///
--
-- 数据截止日在权责清单或者赋权清单内、所含行为种类有行政处罚（或者没有填写种类）的事项，所在单位当日存续；同一事项有数行的只为一行。
-- 事项没有注明领域的，取其基准的领域；基准也没有的，在单位的每个执法领域各为一行。
-- `has_benchmark`：数据截止日有该事项的裁量基准有效，且已公布；任何一个档次即可，以倍数或者其他处罚规定的也算。没有公布日期的不算。
-- 没有剔除项：不含行政处罚的事项不在本口径内。
WITH listed AS (
  SELECT i.unit_id, i.item_code, i.domain, i.source_file, i.source_line, u.domain_list,
         row_number() OVER (PARTITION BY i.unit_id, i.item_code ORDER BY i.valid_from DESC, i.source_file, i.source_line) AS nth
  FROM (SELECT *, day_of($as_of - INTERVAL '1 second') AS on_day FROM item_lists) AS i
  JOIN unit_spans AS u ON u.unit_id = i.unit_id AND i.on_day BETWEEN u.valid_from AND u.valid_to
  WHERE i.on_day BETWEEN i.valid_from AND coalesce(i.valid_to, DATE '9999-12-31')
    AND (i.act_kinds IS NULL OR array_has(i.act_kinds, 'penalty'))
),
covered AS (
  SELECT item_code, min(domain) AS domain,
         bool_or(coalesce(published_on <= on_day AND on_day BETWEEN valid_from AND coalesce(valid_to, DATE '9999-12-31'), false)) AS is_covered
  FROM (SELECT *, day_of($as_of - INTERVAL '1 second') AS on_day FROM benchmarks) AS b
  GROUP BY item_code
)
SELECT d.unit_id, d.domain, d.item, d.item AS record_id, d.source_file, d.source_line, d.has_benchmark,
       CAST(NULL AS VARCHAR) AS excluded_because, 'due' AS state
FROM (
  SELECT i.unit_id, i.item_code AS item, i.source_file, i.source_line, coalesce(b.is_covered, false) AS has_benchmark,
         unnest(CASE WHEN coalesce(i.domain, b.domain) IS NOT NULL THEN make_array(coalesce(i.domain, b.domain))
                     ELSE coalesce(i.domain_list, make_array('other')) END) AS domain
  FROM listed AS i
  LEFT JOIN covered AS b ON b.item_code = i.item_code
  WHERE i.nth = 1
) AS d
