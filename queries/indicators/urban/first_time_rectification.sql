-- /// indicator
-- title = "一次整改到位率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["urban"]
-- tiers = ["county", "township"]
-- basis = "本系统补充；行政处罚法 第28条（责令改正）；同类2026计划：一次整改到位率"
-- ///
--
-- 城市管理领域检查责令限期改正、复查期限已过的事项中，第一次复查即整改到位的比例，计入复查最后一日所在的月份。
-- 自报整改完成而没有复查的，不算到位；到期没有复查的，计入分母、不计入分子。
-- 没有整改期限的，复查的时限自检查之日起算。两侧均剔除并另列：本身是复查的。未到期：复查的最后一日尚未过去的，即使已经复查。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_done_at_first_recheck) AS numerator,
       count(*) FILTER (WHERE state = 'due')                              AS denominator,
       count(*) FILTER (WHERE state = 'pending')                          AS pending,
       count(*) FILTER (WHERE state = 'excluded')                         AS excluded
FROM urban_rectification_orders
GROUP BY 1, 2, 3
