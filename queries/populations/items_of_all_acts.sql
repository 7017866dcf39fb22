-- /// population
-- title = "全部执法行为所涉事项与本单位事项清单"
-- grain = "one case or one inspection"
-- [columns]
-- is_listed = "所涉事项在清单内"
-- had_list = "当时已有事项清单"
-- ///
--
-- 全部案件（按 `opened_on`）和检查，不论数据截止日，以及所涉事项当日是否列入本单位的清单（`is_listed`）；`had_list`：当日之前单位已有清单。
-- 事项按清单编码、监管事项目录编码或检查实施清单编码查找，且清单该行须允许该类行为。没有任何事项编码的，视为没有列入。
-- 只以有日期的清单为准：交回的事项，到最后有效日为止在清单内，此后不在。
WITH acts AS (
  SELECT unit_id, domain, record_id, source_file, source_line, opened_on AS acted_on, 'penalty' AS act_kind,
         item_code, supervise_item_code, CAST(NULL AS VARCHAR) AS check_item_code
  FROM case_register
  UNION ALL
  SELECT unit_id, act_domain, record_id, source_file, source_line, checked_on, 'inspection',
         item_code, supervise_item_code, check_item_code
  FROM inspection_register
),
codes AS (
  SELECT act_kind, record_id, unit_id, acted_on, 'item' AS code_kind, item_code AS code FROM acts WHERE item_code IS NOT NULL
  UNION ALL
  SELECT act_kind, record_id, unit_id, acted_on, 'supervise', supervise_item_code FROM acts WHERE supervise_item_code IS NOT NULL
  UNION ALL
  SELECT act_kind, record_id, unit_id, acted_on, 'check', check_item_code FROM acts WHERE check_item_code IS NOT NULL
),
listed_codes AS (
  SELECT unit_id, valid_from, coalesce(valid_to, DATE '9999-12-31') AS valid_to, act_kinds, 'item' AS code_kind, item_code AS code FROM item_lists
  UNION ALL
  SELECT unit_id, valid_from, coalesce(valid_to, DATE '9999-12-31'), act_kinds, 'supervise', supervise_item_code FROM item_lists
  UNION ALL
  SELECT unit_id, valid_from, coalesce(valid_to, DATE '9999-12-31'), act_kinds, 'check', check_item_code FROM item_lists
),
listed AS (
  SELECT c.act_kind, c.record_id
  FROM codes AS c
  JOIN listed_codes AS l ON l.unit_id = c.unit_id AND l.code_kind = c.code_kind AND l.code = c.code
  WHERE c.acted_on BETWEEN l.valid_from AND l.valid_to AND (l.act_kinds IS NULL OR array_has(l.act_kinds, c.act_kind))
  GROUP BY c.act_kind, c.record_id
)
SELECT a.unit_id, a.domain, a.record_id, a.source_file, a.source_line, a.act_kind, a.acted_on, a.item_code,
       l.record_id IS NOT NULL AS is_listed, coalesce(a.acted_on >= f.first_from, false) AS had_list
FROM (SELECT unit_id, min(valid_from) AS first_from FROM item_lists GROUP BY unit_id) AS f
RIGHT JOIN (listed AS l RIGHT JOIN acts AS a ON l.act_kind = a.act_kind AND l.record_id = a.record_id) ON f.unit_id = a.unit_id
