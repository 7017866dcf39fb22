-- /// indicator
-- title = "隐患复查及时率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["emergency"]
-- tiers = ["county", "township"]
-- basis = "安全生产法第65条；10个工作日为本系统自定"
-- ///
--
-- 复查时限已过的隐患中，自整改期限届满起10个工作日内复查的比例；整改提前完成、随即复查的，同样及时。
-- 最后一日复查视为及时。没有复查的，计入分母、不计入分子；整改没有完成、期限也未满时的查看，不是复查。
-- 没有整改期限的，自发现之日起算，整改完成以后的复查才算。没有剔除项。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND rechecked_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                            AS denominator,
       count(*) FILTER (WHERE state = 'pending')                        AS pending
FROM hazard_rechecks
GROUP BY 1, 2, 3
