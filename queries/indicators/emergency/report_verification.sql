-- /// indicator
-- title = "安全举报核查办结率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["emergency"]
-- tiers = ["city", "county"]
-- basis = "安全生产法第73条；60日为本系统自定"
-- ///
--
-- 核查办结时限已过的安全生产举报中，在时限内核查办结并有书面结果的比例。
-- 最后一日办结视为及时；热线批准延期的，最多延至90日。没有书面结果的办结，计入分母、不计入分子。匿名举报同样应当核查，不予剔除。
-- 两侧均剔除并另列：由热线工单转录的举报登记（只计工单一次；同一单位、工单生成后数日内收到的第一件）。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND verified_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                           AS denominator,
       count(*) FILTER (WHERE state = 'pending')                       AS pending,
       count(*) FILTER (WHERE state = 'excluded')                      AS excluded
FROM safety_reports
GROUP BY 1, 2, 3
