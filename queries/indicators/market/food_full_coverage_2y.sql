-- /// indicator
-- title = "食品经营者两年全覆盖检查率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market"]
-- tiers = ["province", "city", "county"]
-- basis = "食品生产经营监督检查管理办法第22条"
-- window = "rolling_24"
-- measures = "coverage"
-- statutory_duty = "食品生产经营监督检查管理办法 第22条（每两年对全部食品经营者至少覆盖检查一次）"
-- companion = "market.inspection_frequency_compliance"
-- ///
--
-- 在全部24个月内持续经营的本地食品经营者中，其间至少接受过一次检查的比例；检查一次即可，多查不加分。
-- 有因检查和承诺核查不是全面检查，不算覆盖；其他检查是否覆盖全部检查要点，数据中看不出来。
-- 所在县没有市场监管单位的（如不设县的市），没有区划的，归市或者省的单位。
-- 两侧均剔除并另列：已停业或者被注销、吊销的。未到期：24个月内新设立的。
SELECT unit_id, domain,
       count(*) FILTER (WHERE state = 'due' AND is_covered) AS numerator,
       count(*) FILTER (WHERE state = 'due')                AS denominator,
       count(*) FILTER (WHERE state = 'pending')            AS pending,
       count(*) FILTER (WHERE state = 'excluded')           AS excluded
FROM food_operators
GROUP BY 1, 2
