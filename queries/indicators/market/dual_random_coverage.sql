-- /// indicator
-- title = "“双随机一公开”覆盖率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market"]
-- tiers = ["province", "city", "county"]
-- basis = "2026考核计划 一(一) 市场监管：“双随机一公开”覆盖率；优化营商环境条例第54条；indicators.md A2、D"
-- window = "year_to_date"
-- measures = "coverage"
-- statutory_duty = "优化营商环境条例 第54条（随机抽取检查对象、随机选派人员，抽查情况及结果及时公开）及年度抽查计划"
-- companion = "market.inspection_frequency_compliance"
-- ///
--
-- Of the targets of the random-draw plans that fell due this year, those inspected by the plan's due date with the result published
-- within twenty working days of the check. Inspected but not published, or published late: not covered.
-- Pending: targets of plans not yet due, and targets inspected in time whose twenty days are still running. Nothing is left out.
-- Random choice of the inspectors can't be seen in the data. The companion keeps coverage from being bought with extra visits.
SELECT unit_id, domain,
       count(*) FILTER (WHERE state = 'due' AND is_covered) AS numerator,
       count(*) FILTER (WHERE state = 'due')                AS denominator,
       count(*) FILTER (WHERE state = 'pending')            AS pending
FROM dual_random_targets
GROUP BY 1, 2
