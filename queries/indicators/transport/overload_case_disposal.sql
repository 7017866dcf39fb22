-- /// indicator
-- title = "超限超载案件办结率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["transport"]
-- tiers = ["province", "city", "county"]
-- basis = "行政处罚法第60条（立案之日起90日）；交通运输行政执法程序规定〔待核对〕；本系统补充"
-- ///
--
-- 不适用简易程序、法定期限已过的超限超载案件中，在期限内作出决定的比例；办结指作出决定。
-- 自报的标志没有填写的，违法行为或者案件名称写明超限、超载的（客运超员除外），同样计入。
-- 最后一日作出视为及时；期限已过仍未作出的，计入分母、不计入分子。两侧均剔除并另列：期限届满以前（含当日）移送、撤案的，没有立案日期的；届满以后才移送、撤案的，不能免责。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND decided_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                          AS denominator,
       count(*) FILTER (WHERE state = 'pending')                      AS pending,
       count(*) FILTER (WHERE state = 'excluded')                     AS excluded
FROM overload_cases
GROUP BY 1, 2, 3
