-- /// population
-- title = "罚款决定与裁量基准"
-- grain = "one penalty decided by the as-of date"
-- ///
--
-- 截至数据截止日已作出的行政处罚决定，及决定之日已公布、有效的裁量基准：见 `benchmarks_of_all_penalties`。
SELECT *, CASE WHEN excluded_because IS NOT NULL THEN 'excluded' ELSE 'due' END AS state
FROM benchmarks_of_all_penalties
WHERE end_of(counted_on) <= $as_of
