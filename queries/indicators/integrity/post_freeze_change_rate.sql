-- /// indicator
-- title = "截止后修改率"
-- better = "lower"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "本系统补充；2026考核计划 二：杜绝“平时不做功、年底补资料”"
-- ///
--
-- 已结案的案件和检查中，数据截止之后又被修改（或者才录入）的比例；截止日为最后一个事项所在月的月末后10个工作日。
-- 以来源系统的修改时间判断：看得出改过，看不出改了什么。
-- 只显示、不计分：依法更正也在其中，每一件须看依据。
-- 两侧均剔除并另列：尚未结案的案件，来源没有修改时间的，随批量更新修改的。未到期：数据截止日尚未届满的记录。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_changed_after_freeze) AS numerator,
       count(*) FILTER (WHERE state = 'due')                             AS denominator,
       count(*) FILTER (WHERE state = 'pending')                         AS pending,
       count(*) FILTER (WHERE state = 'excluded')                        AS excluded
FROM frozen_acts
GROUP BY 1, 2, 3
