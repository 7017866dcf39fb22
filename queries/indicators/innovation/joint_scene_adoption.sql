-- /// indicator
-- title = "创新场景推广应用率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city"]
-- basis = "本系统补充；2026考核计划 一(二) 创新指标：场景拓展"
-- ///
--
-- 观察期（自申报起12个月）届满的核实案例中，期内被至少两个其他主体采用的比例；届满之前已经被采用的，也在届满的月份计入。
-- 只显示、不计分：采用由申报方登记，计分则换来互相登记采用。
-- 两侧均剔除并另列：尚未核实的，没有核实日期的，没有由其他单位核实的，评审人不足的，数据共享没有另一部门确认的，没有正文可比对的，
-- 与更早的案例重复的。未到期：观察期尚未届满的案例。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_adopted) AS numerator,
       count(*) FILTER (WHERE state = 'due')                AS denominator,
       count(*) FILTER (WHERE state = 'pending')            AS pending,
       count(*) FILTER (WHERE state = 'excluded')           AS excluded
FROM innovation_adoptions
GROUP BY 1, 2, 3
