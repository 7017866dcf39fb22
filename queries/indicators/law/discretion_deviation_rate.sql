-- /// indicator
-- title = "裁量基准偏离率"
-- better = "lower"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county"]
-- basis = "行政处罚法第34条（行政处罚裁量基准应当向社会公布）；国办发〔2022〕27号"
-- ///
--
-- 有裁量基准的罚款决定中，罚款在基准幅度之外、又没有记录理由的比例；高于上限和低于下限同样是偏离，罚款多少本身不计优劣。
-- 基准以决定之日已公布、有效的为准；案件没有填写档次的，落在该事项任何一个档次之内即可。
-- 没有事项编码、也没有记载幅度的，无从证明在基准之内，计入分子和分母。
-- 两侧均剔除并另列：没有罚款的，没有记录罚款金额的，该事项没有已公布的金额基准的，没有决定日期的。
SELECT unit_id, domain, month_of(counted_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_deviation) AS numerator,
       count(*) FILTER (WHERE state = 'due')                  AS denominator,
       count(*) FILTER (WHERE state = 'excluded')             AS excluded
FROM benchmarked_penalties
GROUP BY 1, 2, 3
