-- /// indicator
-- title = "检查结果公开率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county"]
-- basis = "国办发〔2018〕118号（其他执法决定20个工作日）；食品生产经营监督检查管理办法第39条"
-- ///
--
-- 公开期限已过的行政检查中，自检查之日起20个工作日内公开结果的比例。最后一日公开视为及时；从未公开的，计入分母、不计入分子。
-- 分母是已经实施的检查，多查不加分；检查对象没有企业代码的照样计入。
-- 两侧均剔除并另列：检查对象是自然人的，标明依法不予公示并写明理由的。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND published_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                            AS denominator,
       count(*) FILTER (WHERE state = 'pending')                        AS pending,
       count(*) FILTER (WHERE state = 'excluded')                       AS excluded
FROM inspection_results_to_publish
GROUP BY 1, 2, 3
