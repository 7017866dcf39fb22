-- /// indicator
-- title = "行政处罚与生态修复联动率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["eco"]
-- tiers = ["province", "city", "county"]
-- basis = "2026考核计划 一(一) 生态环境：处罚案件中同步要求企业制定修复方案的比例；indicators.md A4、D"
-- ///
--
-- Of the penalty cases with damage, those in which a restoration plan was required of the party by the day of the decision.
-- Required on the day of the decision is in time; later is not. Left out of both sides and shown: penalties without damage, and
-- penalties for which nobody recorded whether there was damage. Denominator + these = all penalties, as the plan words it.
SELECT unit_id, domain, month_of(decided_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND ordered_on <= decided_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                              AS denominator,
       count(*) FILTER (WHERE state = 'excluded')                         AS excluded
FROM eco_penalty_cases
GROUP BY 1, 2, 3
