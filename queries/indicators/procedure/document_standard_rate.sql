-- /// indicator
-- title = "文书规范率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["city", "county", "township"]
-- basis = "2026考核计划 一(二) 执法程序合规性：文书规范率；行政处罚法第52、59、61条"
-- ///
--
-- 已作出决定的案件依其程序（简易、普通、快速；处罚、不予处罚；听证权利、法制审核、集体讨论）应有的文书中，已归入系统、要素齐全、
-- 且所在案卷没有被评查判为不合格或查出一票否决项的比例。
-- 应有而缺少的文书，计入分母、不计入分子；纸质案卷没有归入系统的，各项文书都是缺少。案件在送达期限届满后才评判。
-- 两侧均剔除并另列：未经检查的文书。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_standard) AS numerator,
       count(*) FILTER (WHERE state = 'due')                 AS denominator,
       count(*) FILTER (WHERE state = 'pending')             AS pending,
       count(*) FILTER (WHERE state = 'excluded')            AS excluded
FROM due_documents
GROUP BY 1, 2, 3
