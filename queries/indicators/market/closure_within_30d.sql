-- /// indicator
-- title = "食品药品案件30日内办结率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market"]
-- tiers = ["city", "county", "township"]
-- basis = "2026考核计划 一(一) 市场监管：30日内办结率；法定期限90日另有 procedure.decision_timeliness"
-- ///
--
-- 立案后30日目标期限已过的食品药品案件中，在期限内办结的比例。办结指作出处理决定（依系统参数设定）。
-- 中止的日数顺延，重叠的只算一次；批准的延长不顺延。最后一日为法定节假日的，顺延至节后第一个工作日；最后一日办结视为及时；期限已过仍未办结的，计入分母、不计入分子。
-- 适用简易程序的案件（当场决定，没有立案）不在内。两侧均剔除并另列：期限届满以前（含当日）移送、撤案的，没有立案日期的；届满以后才移送、撤案的，不能免责。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND ended_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                        AS denominator,
       count(*) FILTER (WHERE state = 'pending')                    AS pending,
       count(*) FILTER (WHERE state = 'excluded')                   AS excluded
FROM food_drug_cases
GROUP BY 1, 2, 3
