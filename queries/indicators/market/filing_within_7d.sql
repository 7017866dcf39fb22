-- /// indicator
-- title = "食品药品案件7日内立案率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market"]
-- tiers = ["city", "county", "township"]
-- basis = "2026考核计划 一(一) 市场监管：7日内立案率；7日按行政处罚法第85条计工作日"
-- ///
--
-- 7日立案期限已过的食品药品线索中，在期限内立案的比例。
-- 最后一日立案视为及时。期限已过而没有立案的，以及逾期才决定不予立案或移送的，计入分母、不计入分子。
-- 两侧均剔除并另列：在期限内决定不予立案的，在期限内移送有管辖权机关的。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND filed_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                        AS denominator,
       count(*) FILTER (WHERE state = 'pending')                    AS pending,
       count(*) FILTER (WHERE state = 'excluded')                   AS excluded
FROM food_drug_leads
GROUP BY 1, 2, 3
