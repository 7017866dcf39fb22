-- /// indicator
-- title = "食品经营者两年全覆盖检查率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market"]
-- tiers = ["province", "city", "county"]
-- basis = "食品生产经营监督检查管理办法第22条；indicators.md A2、D"
-- window = "rolling_24"
-- measures = "coverage"
-- statutory_duty = "食品生产经营监督检查管理办法 第22条（每两年对全部食品经营者至少覆盖检查一次）"
-- companion = "market.inspection_frequency_compliance"
-- ///
--
-- Of the food operators of the county that have been in business for the whole 24 months, those visited in them (full inspection).
-- One visit is enough: a second adds nothing. Left out of both sides and shown: operators that closed or were struck off.
-- Pending: operators established inside the 24 months.
SELECT unit_id, domain,
       count(*) FILTER (WHERE state = 'due' AND is_covered) AS numerator,
       count(*) FILTER (WHERE state = 'due')                AS denominator,
       count(*) FILTER (WHERE state = 'pending')            AS pending,
       count(*) FILTER (WHERE state = 'excluded')           AS excluded
FROM food_operators
GROUP BY 1, 2
