-- /// indicator
-- title = "涉企检查次数同比降幅"
-- better = "band"
-- shown_as = "percent"
-- domains = ["market"]
-- tiers = ["province", "city", "county"]
-- basis = "国办发〔2024〕54号（减少入企检查）；同类考核计划：涉企检查次数同比下降15%以上"
-- window = "year_to_date"
-- rollup = "recompute"
-- shape = "value"
-- measures = "frequency"
-- statutory_duty = "国办发〔2024〕54号（公布并执行年度检查频次上限，减少重复、多头检查）"
-- companion = "market.inspection_frequency_compliance"
-- ///
--
-- 本年至今的入企检查次数比上年同期减少的比例（增加的为负）；n为上年同期的次数，上年同期没有检查的，没有降幅。
-- 不论因何启动的检查都计入。以区间论优劣：降得过多，可能是没有如实记录检查。
-- 剔除并另列：没有入企的检查，检查对象是自然人的检查。
SELECT unit_id, domain,
       CAST(1 - CAST(count(*) FILTER (WHERE state = 'due' AND is_this_year) AS DECIMAL(18, 6))
                / nullif(count(*) FILTER (WHERE state = 'due' AND NOT is_this_year), 0) AS DECIMAL(18, 6)) AS value,
       count(*) FILTER (WHERE state = 'due' AND NOT is_this_year)                                          AS n,
       count(*) FILTER (WHERE state = 'excluded')                                                          AS excluded
FROM visits_of_two_years
GROUP BY 1, 2
