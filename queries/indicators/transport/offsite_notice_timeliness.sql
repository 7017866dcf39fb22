-- /// indicator
-- title = "非现场违法告知及时率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["transport"]
-- tiers = ["city", "county"]
-- basis = "行政处罚法第41条（及时告知当事人违法事实，方便查询、陈述和申辩）；5个工作日为自定；本系统补充"
-- ///
--
-- 记录审核通过、告知时限已过的非现场案件中，在审核后5个工作日内把违法事实告知当事人的比例。
-- 最后一日送达视为及时，公告送达的以公告之日为准；只制作、没有送达的不算。期限已过仍未告知的，计入分母、不计入分子。
-- 两侧均剔除并另列：记录审核没有通过的，没有审核时间的。审核结论没有填写的，视为通过。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND told_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                       AS denominator,
       count(*) FILTER (WHERE state = 'pending')                   AS pending,
       count(*) FILTER (WHERE state = 'excluded')                  AS excluded
FROM offsite_notices
GROUP BY 1, 2, 3
