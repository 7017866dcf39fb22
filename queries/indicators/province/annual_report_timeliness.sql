-- /// indicator
-- title = "年度执法数据公开及时率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city"]
-- basis = "国办发〔2018〕118号（每年1月31日前公开本机关上年度行政执法总体情况有关数据）"
-- ///
--
-- 年末在册的执法主体中，在次年1月31日或之前公开上年度行政执法数据的比例；省、市看所属各主体的合计，主体自己的数为0或1。
-- 有数个领域的主体，公开一次对各领域都有效，在每个领域各计一次；没有公示记录的，计入分母、不计入分子。
-- 两侧均剔除并另列：受委托组织，公开期限届满前已撤销、没有承继的。未到期：1月31日以前。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND published_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                            AS denominator,
       count(*) FILTER (WHERE state = 'pending')                        AS pending,
       count(*) FILTER (WHERE state = 'excluded')                       AS excluded
FROM annual_reports
GROUP BY 1, 2, 3
