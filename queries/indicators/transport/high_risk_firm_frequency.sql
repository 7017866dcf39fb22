-- /// indicator
-- title = "“两客一危”企业检查达标率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["transport"]
-- tiers = ["city", "county"]
-- basis = "安全生产法第62条（分类分级监督检查计划）；国办发〔2024〕54号（年度频次上限）；本系统补充"
-- window = "year_to_date"
-- measures = "frequency"
-- statutory_duty = "安全生产法 第62条（对容易发生重大生产安全事故的生产经营单位进行严格检查，按年度监督检查计划执行）"
-- companion = "market.inspection_frequency_compliance"
-- ///
--
-- 年度频次表中的“两客一危”企业，当年检查次数达到要求、又不超过上限的比例；超过上限与没有达到要求同样不算达标，多查不加分。
-- 要求以年计：12月31日到期，此前一律未到期。有因检查和承诺核查不算计划检查；与其他单位一并检查的，各单位都算。
-- 两侧均剔除并另列：已停业或者注销、吊销的，当年设立的，频次表没有写明应检查次数的，没有写明依据的。
SELECT unit_id, domain,
       count(*) FILTER (WHERE state = 'due' AND is_met) AS numerator,
       count(*) FILTER (WHERE state = 'due')            AS denominator,
       count(*) FILTER (WHERE state = 'pending')        AS pending,
       count(*) FILTER (WHERE state = 'excluded')       AS excluded
FROM high_risk_firms
GROUP BY 1, 2
