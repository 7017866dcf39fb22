-- /// indicator
-- title = "检查计划符合率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county"]
-- basis = "国办发〔2024〕54号（检查应当有计划、经批准）；本系统补充"
-- ///
--
-- 入企检查中，在事先备案的检查计划之内的，或者因投诉、交办、突发事件等启动并按期备案的比例。
-- 自报的启动原因没有备案可查的，自报按计划而没有写明哪个计划的，计入分母、不计入分子。没有企业代码的检查照样计入。
-- 两侧均剔除并另列：没有入企的检查，检查对象是自然人的检查。
SELECT unit_id, domain, month_of(checked_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND (is_planned OR is_case_driven)) AS numerator,
       count(*) FILTER (WHERE state = 'due')                                    AS denominator,
       count(*) FILTER (WHERE state = 'pending')                                AS pending,
       count(*) FILTER (WHERE state = 'excluded')                               AS excluded
FROM visits_by_plan
GROUP BY 1, 2, 3
