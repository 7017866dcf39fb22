-- /// indicator
-- title = "数据归集及时率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city"]
-- basis = "行政执法监督条例（国务院令第825号）；3个工作日为本系统补充"
-- ///
--
-- 已决定的案件和检查中，自决定、检查之日起3个工作日内报送到考核平台的比例。最后一日报送视为及时。
-- 执法系统有而平台没有的，平台上没有报送和到达时刻的，不算及时。
-- 两侧均剔除并另列：两侧数据取自同一份文件的。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND submitted_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                            AS denominator,
       count(*) FILTER (WHERE state = 'pending')                        AS pending,
       count(*) FILTER (WHERE state = 'excluded')                       AS excluded
FROM records_to_submit
GROUP BY 1, 2, 3
