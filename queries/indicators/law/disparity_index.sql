-- /// indicator
-- title = "同案不同罚指数"
-- better = "lower"
-- shown_as = "number"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county"]
-- basis = "行政处罚法第5、34条（设定和实施行政处罚与违法行为的事实、性质、情节以及社会危害程度相当）；国办发〔2022〕27号"
-- window = "rolling_12"
-- rollup = "none"
-- shape = "value"
-- alone    = "取离散程度，标准差和中位数不能由各部分相加"
-- ///
--
-- 近12个月的罚款决定，按事项与裁量档次分格，各格罚款与基准中值之比的标准差除以中位数，再取各格的平均；n为所计各格有罚款可比的件数。
-- 只衡量同类案件之间相差多少，罚款高低都不计优劣。一格的处罚决定不足考核参数所定最低件数（20件）的不计；没有一格够数的，没有这一行。
-- 够不够20件按处罚决定数，不看有没有罚款：计不计入一格，不得取决于罚款。
-- 一格之内罚得完全一样的，值为0：并非越低越好，情节不同而一律同罚也不适当，故与同类组的中位数对照，只显示、不计分。
-- 不在任何一格、因而不计：没有罚款或金额的，没有基准的，没有决定日期的，没有事项编码的，适用哪一档不明的。
SELECT unit_id, domain, CAST(avg(spread) AS DECIMAL(18, 6)) AS value, sum(cases) AS n
FROM (
  SELECT unit_id, domain, grade, stddev(fine_ratio) / nullif(median(fine_ratio), 0) AS spread, count(fine_ratio) AS cases
  FROM benchmarked_penalties
  WHERE end_of(counted_on) > $from AND grade IS NOT NULL
  GROUP BY unit_id, domain, grade
  HAVING count(*) >= param('disparity.cell_minimum_n', domain, max(counted_on))
) AS cells
GROUP BY 1, 2
