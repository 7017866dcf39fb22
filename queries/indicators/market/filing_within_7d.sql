-- /// indicator
-- title = "食品药品案件7日内立案率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market"]
-- tiers = ["city", "county", "township"]
-- basis = "2026考核计划 一(一) 市场监管：7日内立案率；7日按行政处罚法第85条计工作日；indicators.md A2、D"
-- ///
--
-- Of the food and drug leads whose 7-day limit has passed, those filed (立案) within it.
-- A lead filed on the last day is in time. A lead without a filing, its limit passed, counts against the unit, and so does one
-- that was refused or handed over too late. Left out of both sides and shown: leads decided not to file (不予立案) in time, and
-- leads transferred to the competent organ in time.
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND filed_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                        AS denominator,
       count(*) FILTER (WHERE state = 'pending')                    AS pending,
       count(*) FILTER (WHERE state = 'excluded')                   AS excluded
FROM food_drug_leads
GROUP BY 1, 2, 3
