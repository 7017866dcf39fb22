-- /// indicator
-- title = "异常记录密度"
-- better = "lower"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "本系统补充；2026考核计划 一(二) 执法数据真实性"
-- ///
--
-- 案件和检查中，记录自相矛盾（日期先后颠倒等）的比例。
-- 目录原以检测规则的命中加权、按每千行计：命中是运行的结果，不是来源数据，须经复核，不得自动扣分，权重也没有依据；改为只数精确可断的矛盾。
-- 只显示、不计分：多为笔误，须逐件更正。
-- 没有剔除项。未到期：录入时限尚未届满的记录。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_contradictory) AS numerator,
       count(*) FILTER (WHERE state = 'due')                      AS denominator,
       count(*) FILTER (WHERE state = 'pending')                  AS pending
FROM record_contradictions
GROUP BY 1, 2, 3
