-- /// population
-- title = "执法行为所涉事项与本单位事项清单"
-- grain = "one case or one inspection"
-- ///
--
-- 截至数据截止日已经发生的案件和检查，以及所涉事项当日是否列入本单位的清单：见 `items_of_all_acts`。
SELECT *
FROM items_of_all_acts
WHERE end_of(acted_on) <= $as_of
