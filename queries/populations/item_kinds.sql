-- /// population
-- title = "事项是否属于食品药品"
-- grain = "one code of an item that stands in some unit's list"
-- ///
--
-- 各单位事项清单内的事项，按清单编码、监管事项目录编码列出。任何一个单位的清单注明为食品药品的，即为食品药品；
-- 各单位的清单都没有填写的，为空。
-- 事项是否属于食品药品由清单确定，不凭单个案件、线索的自报。
SELECT code AS item_code, bool_or(is_food_drug) AS is_food_drug
FROM (
  SELECT item_code AS code, is_food_drug FROM item_lists
  UNION ALL
  SELECT supervise_item_code, is_food_drug FROM item_lists
) AS c
WHERE code IS NOT NULL
GROUP BY code
