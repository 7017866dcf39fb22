-- /// indicator
-- title = "监测数据造假查处率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["eco"]
-- tiers = ["province", "city"]
-- basis = "刑法第286条、第338条；排污许可管理条例；行政处罚法第60条；本系统补充"
-- ///
--
-- 查处期限已过的监测数据造假线索中，在期限内由案件作出决定、或者移送公安机关的比例。
-- 查处期限：法定立案期限再加法定办案期限（含批准的延长和扣除的天数），自收到线索起算。最后一日作出视为及时。
-- 撤案、认定违法事实不成立的不算查处；没有处理的、没有核查或者没有理由就不予立案的、逾期才决定不予立案或者移送的，计入分母、不计入分子。
-- 两侧均剔除并另列：经核查、写明理由并在立案期限内决定不予立案的，在立案期限内移送有管辖权机关的。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND handled_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                          AS denominator,
       count(*) FILTER (WHERE state = 'pending')                      AS pending,
       count(*) FILTER (WHERE state = 'excluded')                     AS excluded
FROM monitoring_fraud_leads
GROUP BY 1, 2, 3
