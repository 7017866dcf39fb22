-- /// indicator
-- title = "事前立案占比"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["emergency"]
-- tiers = ["province", "city", "county"]
-- basis = "安全生产法第3条（从源头上防范化解重大安全风险）、第62条；本系统补充〔K〕"
-- ///
--
-- 安全生产案件中，不是因事故立案、且该企业在立案前180日内没有发生事故的比例。
-- 因事故立案由单位填写，并以事故记录核对。剔除并另列：违法事实不成立的，撤案的，已移送的——无果的立案不能提高比例。
SELECT unit_id, domain, month_of(opened_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_before_accident) AS numerator,
       count(*) FILTER (WHERE state = 'due')                        AS denominator,
       count(*) FILTER (WHERE state = 'excluded')                   AS excluded
FROM work_safety_cases
GROUP BY 1, 2, 3
