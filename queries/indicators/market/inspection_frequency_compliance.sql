-- /// indicator
-- title = "涉企行政检查频次合规率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "2026考核计划 一(一) 市场监管：涉企行政检查频次合规率（避免重复检查）；国办发〔2024〕54号年度频次上限"
-- window = "year_to_date"
-- rollup = "recompute"
-- alone    = "计不同的企业，去重后的个数不能由各部分相加"
-- ///
--
-- 本单位本年入企检查过（计入频次上限的检查）的企业中，没有一次检查超过频次上限的比例。
-- 上限有二：本单位的上限，同一领域各单位合计的上限；超出合计上限的，由实施超限那次检查的单位承担。
-- 对上级单位，几个下属单位都检查过的企业只计一家。
-- 没有企业代码的检查照样计入：按名称认定企业；名称也没有的，无从证明没有超过上限，视为超限。
-- 按检查次数剔除并另列：因豁免情形启动的，没有入企的，检查对象是自然人的。
SELECT unit_id, domain,
       count(DISTINCT enterprise_key) FILTER (WHERE state = 'due')
         - count(DISTINCT enterprise_key) FILTER (WHERE state = 'due' AND is_breach) AS numerator,
       count(DISTINCT enterprise_key) FILTER (WHERE state = 'due')                   AS denominator,
       count(DISTINCT record_id) FILTER (WHERE state = 'excluded')                    AS excluded
FROM counted_visits
GROUP BY 1, 2
