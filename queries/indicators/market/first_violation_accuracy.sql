-- /// indicator
-- title = "首违不罚适用准确率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market"]
-- tiers = ["province", "city", "county"]
-- basis = "行政处罚法第33条（首违不罚：初次违法、危害后果轻微、及时改正；轻微不罚；对当事人进行教育）；本系统补充"
-- ///
--
-- 市场监管领域首违、轻微不予处罚的决定中，符合法定条件的比例：危害后果轻微，决定前已改正，教育有记录；
-- 首违不罚以及没有填写情形的，两年内在本领域没有处罚或者不予处罚的记录。条件没有记录的，不能证明符合，计入分母、不计入分子；案卷评查触及否决项的同样。
-- 不予处罚多少不计分。两侧均剔除并另列：依据无主观过错、无责任能力、超过追责时效的，没有决定日期的。
SELECT unit_id, domain, month_of(decided_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND meets_conditions) AS numerator,
       count(*) FILTER (WHERE state = 'due')                      AS denominator,
       count(*) FILTER (WHERE state = 'excluded')                 AS excluded
FROM no_penalty_decisions
GROUP BY 1, 2, 3
