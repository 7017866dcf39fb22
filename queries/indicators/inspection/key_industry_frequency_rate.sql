-- /// indicator
-- title = "重点行业执法频次达标率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county"]
-- basis = "2026考核计划 一(二) 动态指标：重点行业执法频次达标率；国办发〔2024〕54号年度频次上限"
-- window = "year_to_date"
-- measures = "frequency"
-- statutory_duty = "安全生产法 第62条（按照分类分级监督管理的要求制定并执行年度监督检查计划）及频次表所载依据"
-- companion = "market.inspection_frequency_compliance"
-- ///
--
-- 年度频次表所列重点行业的企业中，当年检查次数达到要求、又没有超过上限的比例；超过上限与没有达到要求同样不算达标，多查不加分。
-- 上限为频次表所定的；频次表没有写明的，为公布的频次上限，但要求次数之内的检查不算超限。
-- 要求以年计：12月31日到期，此前一律未到期。有因检查和承诺核查不算计划检查；与其他单位一并检查的，各单位都算。
-- 两侧均剔除并另列：已停业或者注销、吊销的，当年设立的，频次表没有写明应检查次数的，没有写明依据的。
SELECT unit_id, domain,
       count(*) FILTER (WHERE state = 'due' AND is_met AND NOT is_over_published_cap) AS numerator,
       count(*) FILTER (WHERE state = 'due')                                          AS denominator,
       count(*) FILTER (WHERE state = 'pending')                                      AS pending,
       count(*) FILTER (WHERE state = 'excluded')                                     AS excluded
FROM key_industry_firms
GROUP BY 1, 2
