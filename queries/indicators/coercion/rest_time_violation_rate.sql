-- /// indicator
-- title = "夜间节假日强制执行率"
-- better = "lower"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["county", "township"]
-- basis = "行政强制法第43条（不得在夜间或者法定节假日实施行政强制执行，情况紧急的除外）"
-- ///
--
-- 强制执行中，不是情况紧急而在夜间（22时至次日6时）或者法定节假日实施的比例。
-- 夜间、节假日由执行时刻和工作日历得出，单位自报的只在没有时刻时参考；普通的周六、周日默认不算法定节假日（参数可改）。
-- 情况紧急须有负责人批准或者报告的记录，只有自报的，仍计入分子；紧急的执行留在分母内。
-- 两侧均剔除并另列：没有执行时刻、因而看不出是否在夜间的。
SELECT unit_id, domain, month_of(executed_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_rest_time AND NOT is_justified_urgency) AS numerator,
       count(*) FILTER (WHERE state = 'due')                                               AS denominator,
       count(*) FILTER (WHERE state = 'excluded')                                          AS excluded
FROM coercive_executions
GROUP BY 1, 2, 3
