-- /// indicator
-- title = "30日内重复检查率"
-- better = "lower"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "国办发〔2024〕54号（不得重复检查、多头检查）；30日取自衢州市重复检查预警"
-- window = "year_to_date"
-- rollup = "recompute"
-- alone    = "计不同的检查对象，去重后的个数不能由各部分相加"
-- ///
--
-- 本年入企检查过的企业中，其他单位30日之内刚检查过、又没有一并进行的比例；重复归于后去的单位。
-- 对上级单位，几个下属单位都检查过的企业只计一家。没有企业代码的，照样计入分母。
-- 按检查次数剔除并另列：因投诉、交办、突发事件等启动并按期备案的，没有入企的，检查对象是自然人的。
SELECT unit_id, domain,
       count(DISTINCT enterprise_key) FILTER (WHERE state = 'due' AND is_repeat) AS numerator,
       count(DISTINCT enterprise_key) FILTER (WHERE state = 'due')               AS denominator,
       count(DISTINCT record_id) FILTER (WHERE state = 'pending')                AS pending,
       count(DISTINCT record_id) FILTER (WHERE state = 'excluded')               AS excluded
FROM repeated_visits
GROUP BY 1, 2
