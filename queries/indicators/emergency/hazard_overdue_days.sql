-- /// indicator
-- title = "隐患超期天数中位数"
-- better = "lower"
-- shown_as = "days"
-- domains = ["emergency"]
-- tiers = ["city", "county"]
-- basis = "安全生产法第41条；本系统补充"
-- window = "year_to_date"
-- rollup = "none"
-- shape = "value"
-- alone    = "取中位数，中位数不能由各部分相加"
-- ///
--
-- 整改期限在本年已过的全部隐患，从期限之后到验收通过的天数的中位数；仍未验收的，算到数据截止日；期限内闭环的为0天。n为隐患数。
-- 期限内闭环的一并计入：只看超期的，赶在期限前闭环反而使中位数变大。过半数按期闭环的，中位数即为0。
-- 没有整改期限的，以发现之日为期限。没有剔除项。
SELECT unit_id, domain,
       CAST(median(CAST(days_overdue AS DOUBLE)) FILTER (WHERE state = 'due') AS DECIMAL(18, 6)) AS value,
       count(*) FILTER (WHERE state = 'due')                                                     AS n,
       count(*) FILTER (WHERE state = 'pending')                                                 AS pending
FROM due_hazards
WHERE end_of(due_on) > $from
GROUP BY 1, 2
