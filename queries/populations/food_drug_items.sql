-- /// population
-- title = "食品药品事项"
-- grain = "one code of an item that some unit's list marks as food or drugs"
-- ///
--
-- 任何一个单位的事项清单注明为食品药品的事项，按清单编码、监管事项目录编码列出。事项是否属于食品药品由清单确定，不凭单个案件、线索的自报。
SELECT DISTINCT code AS item_code
FROM (
  SELECT item_code AS code, is_food_drug FROM item_lists
  UNION ALL
  SELECT supervise_item_code, is_food_drug FROM item_lists
) AS c
WHERE is_food_drug AND code IS NOT NULL
