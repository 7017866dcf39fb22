-- /// indicator
-- title = "投诉举报24小时内联系率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market"]
-- tiers = ["city", "county", "township"]
-- basis = "2026考核计划 一(一) 市场监管：投诉举报响应率（24小时内联系率）；indicators.md A2、D"
-- ///
--
-- Of the complaints and reports whose 24 hours since dispatch (12345) or receipt (12315) are over, those first contacted within them.
-- The last second is in time; the hours run through nights and holidays; nobody contacted and the hours over: not in time.
-- Left out of both sides and shown: anonymous ones (nobody to contact), 12315 copies of 12345 orders (the order counts).
SELECT unit_id, domain, month_of(day_of(due_at)) AS month,
       count(*) FILTER (WHERE state = 'due' AND first_contact_at <= due_at) AS numerator,
       count(*) FILTER (WHERE state = 'due')                                AS denominator,
       count(*) FILTER (WHERE state = 'pending')                            AS pending,
       count(*) FILTER (WHERE state = 'excluded')                           AS excluded
FROM complaint_contacts
GROUP BY 1, 2, 3
