-- /// indicator
-- title = "两人执法率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["county", "township"]
-- basis = "行政处罚法第42条"
-- ///
--
-- 行政检查和已作出决定的案件中，由两名以上当日持有效执法证的人员实施的比例；没有列出人员、证件过期或者只有辅助人员的，计入分母、不计入分子。
-- 案件以决定之日为准。两侧均剔除并另列：书面、线上或非现场检查（有扫码入企记录的除外）。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND has_two_officers) AS numerator,
       count(*) FILTER (WHERE state = 'due')                      AS denominator,
       count(*) FILTER (WHERE state = 'excluded')                 AS excluded
FROM enforcement_acts
GROUP BY 1, 2, 3
