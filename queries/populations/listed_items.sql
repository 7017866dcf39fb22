-- /// population
-- title = "清单内的事项及其行使"
-- grain = "one item on the list of one unit at the as-of date, in one domain"
-- [columns]
-- has_act = "统计期内有过执法行为"
-- ///
--
-- 数据截止日在权责清单或者赋权清单内的事项，所在单位当日存续；同一事项有数行的只为一行。
-- 事项没有注明领域的，在单位的每个执法领域各为一行。
-- `has_act`：统计期内该单位就该事项有过案件（按 `opened_on`）或者检查，一次即可，多办不加分。
-- 事项按清单编码、监管事项目录编码或检查实施清单编码查找；不论当时事项由谁行使，只看本单位的行为。
-- `state` 未到期：统计期首日还不在清单内的（新列入、交回后再列入的），行使的时间不足。清单每年重新公布的，不因此成为新列入。
WITH listed AS (
  SELECT i.unit_id, i.item_code, i.domain, i.supervise_item_code, i.check_item_code, i.source_file, i.source_line, u.tier, u.domain_list,
         row_number() OVER (PARTITION BY i.unit_id, i.item_code ORDER BY i.valid_from DESC, i.source_file, i.source_line) AS nth
  FROM (SELECT *, day_of($as_of - INTERVAL '1 second') AS on_day FROM item_lists) AS i
  JOIN unit_spans AS u ON u.unit_id = i.unit_id AND i.on_day BETWEEN u.valid_from AND u.valid_to
  WHERE i.on_day BETWEEN i.valid_from AND coalesce(i.valid_to, DATE '9999-12-31')
),
items AS (SELECT * FROM listed WHERE nth = 1),
since AS (
  SELECT unit_id, item_code
  FROM item_lists
  WHERE day_of($from) BETWEEN valid_from AND coalesce(valid_to, DATE '9999-12-31')
  GROUP BY unit_id, item_code
),
acts AS (
  SELECT unit_id, item_code, supervise_item_code, CAST(NULL AS VARCHAR) AS check_item_code
  FROM case_register
  WHERE end_of(opened_on) > $from AND end_of(opened_on) <= $as_of
  UNION
  SELECT unit_id, item_code, supervise_item_code, check_item_code
  FROM inspection_register
  WHERE end_of(checked_on) > $from AND end_of(checked_on) <= $as_of
),
used AS (
  SELECT i.unit_id, i.item_code
  FROM items AS i
  JOIN acts AS a ON a.unit_id = i.unit_id
  WHERE a.item_code = i.item_code OR a.supervise_item_code = i.supervise_item_code OR a.check_item_code = i.check_item_code
  GROUP BY i.unit_id, i.item_code
)
SELECT unit_id, tier, domain, record_id, source_file, source_line, has_act,
       CAST(NULL AS VARCHAR) AS excluded_because, CASE WHEN is_long_listed THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT i.unit_id, i.tier, i.item_code AS record_id, i.source_file, i.source_line,
         unnest(CASE WHEN i.domain IS NOT NULL THEN make_array(i.domain) ELSE coalesce(i.domain_list, make_array('other')) END) AS domain,
         u.item_code IS NOT NULL AS has_act, s.item_code IS NOT NULL AS is_long_listed
  FROM items AS i
  LEFT JOIN used AS u ON u.unit_id = i.unit_id AND u.item_code = i.item_code
  LEFT JOIN since AS s ON s.unit_id = i.unit_id AND s.item_code = i.item_code
) AS d
