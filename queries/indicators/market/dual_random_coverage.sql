-- /// indicator
-- title = "“双随机一公开”覆盖率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market"]
-- tiers = ["province", "city", "county"]
-- basis = "2026考核计划 一(一) 市场监管：“双随机一公开”覆盖率；优化营商环境条例第54条"
-- window = "year_to_date"
-- measures = "coverage"
-- statutory_duty = "优化营商环境条例 第54条（随机抽取检查对象、随机选派人员，抽查情况及结果及时公开）及年度抽查计划"
-- companion = "market.inspection_frequency_compliance"
-- ///
--
-- 本年到期的双随机计划所列检查对象中，在计划期限内完成检查、且在检查后20个工作日内公布结果的比例。
-- 已检查而没有公布或逾期公布的，不算覆盖。没有剔除项。
-- 未到期：计划期限未到的对象，以及已按期检查、20个工作日尚未届满的对象。
-- 检查人员是否随机选派，从数据中看不出来；配套指标限制以增加检查次数换取覆盖率。
SELECT unit_id, domain,
       count(*) FILTER (WHERE state = 'due' AND is_covered) AS numerator,
       count(*) FILTER (WHERE state = 'due')                AS denominator,
       count(*) FILTER (WHERE state = 'pending')            AS pending
FROM dual_random_targets
GROUP BY 1, 2
