-- /// indicator
-- title = "食品药品案件30日内办结率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market"]
-- tiers = ["city", "county", "township"]
-- basis = "2026考核计划 一(一) 市场监管：30日内办结率；法定期限90日另有 procedure.decision_timeliness；indicators.md A2、D"
-- ///
--
-- Of the food and drug cases whose 30-day target has passed since filing, those ended (办结) within it. Ended means decided
-- (parameter food_drug_closure.end_is_closing). Days of suspension are added, overlapping ones once; an extension is not.
-- The last day is in time; an open case whose last day has passed counts against the unit.
-- Left out of both sides and shown: cases transferred, cases withdrawn (撤案), cases without a filing date.
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND ended_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                        AS denominator,
       count(*) FILTER (WHERE state = 'pending')                    AS pending,
       count(*) FILTER (WHERE state = 'excluded')                   AS excluded
FROM food_drug_cases
GROUP BY 1, 2, 3
