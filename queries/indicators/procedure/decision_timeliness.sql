-- /// indicator
-- title = "法定期限内作出决定率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["city", "county", "township"]
-- basis = "行政处罚法第60条（立案之日起90日）；市监程序第64条；2026考核计划 一(二) 执法程序合规性"
-- ///
--
-- 不适用简易程序、法定期限已过的案件中，在期限内作出决定的比例。
-- 期限自立案之日起算，加批准的延长（至多为法定可以延长的日数）和中止的日数（重叠的只算一次）；决定日期以决定书落款为准。
-- 市场监管领域最后一日为法定节假日的，顺延至节后第一个工作日。
-- 最后一日作出视为及时；期限已过仍未作出的，计入分母、不计入分子。两侧均剔除并另列：期限届满以前（含当日）移送、撤案的，没有立案日期的；届满以后才移送、撤案的，不能免责。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND decided_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                          AS denominator,
       count(*) FILTER (WHERE state = 'pending')                      AS pending,
       count(*) FILTER (WHERE state = 'excluded')                     AS excluded
FROM ordinary_cases
GROUP BY 1, 2, 3
