-- /// indicator
-- title = "合理诉求解决满意度"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "2026考核计划 一(三)：诉求解决且群众评价“满意”的比例；indicators.md A12、D"
-- ///
--
-- Of the reasonable 12345 orders about enforcement that were closed and graded by the caller, those solved and graded 满意 or better.
-- Solved but 基本满意: not satisfied here. Satisfied but not solved: not satisfied either.
-- Left out of both sides and shown: orders found not reasonable (no finding = reasonable), orders without a grade.
-- Pending: orders still open.
SELECT unit_id, domain, month_of(counted_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_satisfied) AS numerator,
       count(*) FILTER (WHERE state = 'due')                  AS denominator,
       count(*) FILTER (WHERE state = 'pending')              AS pending,
       count(*) FILTER (WHERE state = 'excluded')             AS excluded
FROM enforcement_orders
GROUP BY 1, 2, 3
