-- /// indicator
-- title = "修复方案完成率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["eco"]
-- tiers = ["province", "city", "county"]
-- basis = "民法典第1234条；生态环境损害赔偿管理规定；本系统补充"
-- ///
--
-- 完成期限已过的生态修复方案中，在期限内验收通过的比例。最后一日验收视为及时；只称完成、没有验收的，以及逾期验收的，计入分母、不计入分子。
-- 以金钱赔偿代替修复的不在其内。没有完成期限的，以责令之日为期限。没有剔除项。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND accepted_as_done_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                                   AS denominator,
       count(*) FILTER (WHERE state = 'pending')                               AS pending
FROM restoration_plans_due
GROUP BY 1, 2, 3
