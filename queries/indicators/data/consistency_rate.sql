-- /// indicator
-- title = "执法系统与考核平台数据一致率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "2026考核计划 一(二) 执法数据真实性：执法系统与考核平台数据一致率"
-- ///
--
-- 任一侧（执法系统、考核平台）已作出决定的案件和已实施的检查，在途宽限期满后，两侧都有且各比对项完全一致的比例。
-- 只在一侧有记录的，不论哪一侧，都算不一致。金额只比对是否相等。
-- 两侧均剔除并另列：两侧数据取自同一份导出文件的。未到期：在途宽限期尚未届满的记录。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_consistent) AS numerator,
       count(*) FILTER (WHERE state = 'due')                   AS denominator,
       count(*) FILTER (WHERE state = 'pending')               AS pending,
       count(*) FILTER (WHERE state = 'excluded')              AS excluded
FROM reconciled_records
GROUP BY 1, 2, 3
