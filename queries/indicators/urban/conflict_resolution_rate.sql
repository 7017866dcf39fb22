-- /// indicator
-- title = "执法冲突化解率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["urban"]
-- tiers = ["county", "township"]
-- basis = "2026考核计划 一(一) 城市管理：现场执法中通过说服教育、行政指导解决问题的比例"
-- ///
--
-- 有记录的现场执法冲突中，以说服教育或行政指导化解、且无人受伤的比例。
-- 出警的、有人受伤的、没有记录结果的，不算化解。没有剔除项。
-- 数量通常很少（方案不据此排名）；没有记录下来的冲突会反映在热线的态度类投诉中，应对照着看。
SELECT unit_id, domain, month_of(happened_on) AS month,
       count(*) FILTER (WHERE is_resolved) AS numerator,
       count(*)                            AS denominator
FROM on_site_conflicts
GROUP BY 1, 2, 3
