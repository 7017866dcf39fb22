-- /// population
-- title = "已作出的行政处罚决定"
-- grain = "one penalty decided by the as-of date"
-- ///
--
-- 截至数据截止日已作出的行政处罚决定（不含不予处罚）：见 `penalties_of_all_dates`。
SELECT *
FROM penalties_of_all_dates
WHERE end_of(counted_on) <= $as_of
