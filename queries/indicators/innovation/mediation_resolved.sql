-- /// indicator
-- title = "执法与调解衔接化解率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["city", "county", "township"]
-- basis = "2026考核计划 一(二) 创新指标：通过人民调解组织化解轻微行政争议的数量"
-- ///
--
-- 移送人民调解且已终结的轻微行政争议中，达成并记录调解协议的比例。
-- 分子就是计划所说的化解数量，与比例一并显示：只看数量，等于鼓励多生争议。
-- 不算化解：终结而未达成协议的，协议没有日期或日期晚于终结的。没有剔除项。
SELECT unit_id, domain, month_of(closed_on) AS month,
       count(*) FILTER (WHERE is_resolved) AS numerator,
       count(*)                            AS denominator
FROM mediated_disputes
GROUP BY 1, 2, 3
