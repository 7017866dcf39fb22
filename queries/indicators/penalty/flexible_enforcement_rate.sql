-- /// indicator
-- title = "柔性执法适用率"
-- better = "band"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "2026考核计划 一(二) 动态指标：行政指导、责令改正代替罚款的比例；行政处罚法第33条；indicators.md D"
-- ///
--
-- Of the cases that ended, those that ended by guidance, an order to correct, no penalty with the education on record, or a
-- warning or public criticism alone. A band: a share near 100 % is no enforcement at all.
-- Left out of both sides and shown: cases whose facts did not hold (no_fact), cases transferred, cases withdrawn, food and drug
-- cases (life and health), cases whose source carries no outcome. A no-penalty decision without education counts as not flexible.
SELECT unit_id, domain, month_of(ended_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_flexible) AS numerator,
       count(*) FILTER (WHERE state = 'due')                 AS denominator,
       count(*) FILTER (WHERE state = 'excluded')            AS excluded
FROM ended_cases
GROUP BY 1, 2, 3
