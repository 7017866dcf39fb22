-- /// indicator
-- title = "滞后录入率"
-- better = "lower"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "本系统补充；2026考核计划 二：杜绝“平时不做功、年底补资料”"
-- ///
--
-- 案件和检查中，录入迟于事项发生后3个工作日的比例。按最后录入日的月份计。
-- 只显示、不计分：尚未补录的看不见，计分则不如不补。
-- 两侧均剔除并另列：来源没有录入时间的（本身即是数据质量问题，须由来源系统补上该列），随数据迁移、集中上报批量录入的。
-- 未到期：录入时限尚未届满的记录。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_late) AS numerator,
       count(*) FILTER (WHERE state = 'due')             AS denominator,
       count(*) FILTER (WHERE state = 'pending')         AS pending,
       count(*) FILTER (WHERE state = 'excluded')        AS excluded
FROM entered_acts
GROUP BY 1, 2, 3
