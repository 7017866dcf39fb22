-- /// indicator
-- title = "案件平均办理周期"
-- better = "lower"
-- shown_as = "days"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["city", "county", "township"]
-- basis = "行政处罚法第60条；同类2026计划：平均办案时间15个工作日以内"
-- window = "year_to_date"
-- rollup = "none"
-- shape = "value"
-- alone    = "取中位数，中位数不能由各部分相加"
-- ///
--
-- 本年至今作出决定、不适用简易程序的案件，从立案到决定的工作日数的中位数；中止期间扣除，重叠的只算一次。n为计入的案件数。
-- 剔除并另列：已移送的、撤案的，没有立案日期的，决定日期早于立案日期的。
SELECT unit_id, domain,
       median(CAST(working_days AS DECIMAL(18, 6))) FILTER (WHERE state = 'due') AS value,
       count(*) FILTER (WHERE state = 'due')                                     AS n,
       count(*) FILTER (WHERE state = 'excluded')                                AS excluded
FROM case_durations
GROUP BY 1, 2
