-- /// indicator
-- title = "异地车辆处罚均衡度（相差）"
-- better = "lower"
-- shown_as = "number"
-- domains = ["transport"]
-- tiers = ["province", "city"]
-- basis = "行政处罚法第5、34条；优化营商环境条例第5条（平等对待各类市场主体）"
-- window = "rolling_12"
-- rollup = "recompute"
-- shape = "value"
-- alone    = "取平均数，平均数不能由各部分相加"
-- ///
--
-- 近12个月交通运输领域的罚款决定，来自辖区以外的当事人与本地当事人的罚款与基准中值之比的平均数之差（绝对值）：
-- 0为没有差别，0.1相当于一方平均比另一方重基准的一成。哪一方重都是不均衡，罚款高低不计优劣。
-- 原定为两个平均数之比（0.9—1.1为宜）；比值随罚款高低而变，可以通过多罚本地当事人来凑，故改为相差。
-- n为两方中案件较少一方的件数。缺一方的，没有值。
-- 剔除并另列：没有罚款或金额的，没有基准的，没有决定日期的。适用哪一档不明的、当事人是否来自辖区以外不明的，不在任何一方。
SELECT unit_id, domain,
       CAST(abs(avg(fine_ratio) FILTER (WHERE is_from_elsewhere) - avg(fine_ratio) FILTER (WHERE NOT is_from_elsewhere)) AS DECIMAL(18, 6)) AS value,
       least(count(fine_ratio) FILTER (WHERE is_from_elsewhere), count(fine_ratio) FILTER (WHERE NOT is_from_elsewhere))                  AS n,
       count(*) FILTER (WHERE state = 'excluded')                                                                                         AS excluded
FROM benchmarked_penalties
WHERE domain = 'transport' AND end_of(counted_on) > $from
GROUP BY 1, 2
