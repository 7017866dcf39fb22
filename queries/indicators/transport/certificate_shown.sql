-- /// indicator
-- title = "亮证与着装规范率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["transport"]
-- tiers = ["county", "township"]
-- basis = "行政处罚法第55条（主动出示执法证件）；行政执法公示制度；本系统补充"
-- ///
--
-- 现场抽查的执法行为中，执法人员出示证件（亮码）且着装规范的比例，以抽查组所见为准，不采信单位自己的记录。
-- 着装没有见到的，只看证件；证件没有见到、着装不规范的，计入分母、不计入分子。
-- 剔除并另列：证件没有见到、也没有见到着装不规范的。
SELECT unit_id, domain, month_of(checked_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_proper) AS numerator,
       count(*) FILTER (WHERE state = 'due')               AS denominator,
       count(*) FILTER (WHERE state = 'excluded')          AS excluded
FROM certificate_spot_checks
GROUP BY 1, 2, 3
