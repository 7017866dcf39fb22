-- /// indicator
-- title = "复议诉讼纠错率"
-- better = "lower"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county"]
-- basis = "2026考核计划 一(二) 法律适用准确性：案件经行政复议或诉讼的纠错率；行政复议法第63—65、67条；行政诉讼法第70、74、75、77条"
-- ///
--
-- Of the challenged acts with a final outcome, those changed, annulled, partly annulled, declared illegal or declared void.
-- One act counts once, by its last instance over reconsideration, first and second instance, in the month of that outcome.
-- Left out of both sides and shown: orders to perform a duty (责令履行), acts mediated, settled, withdrawn by the challenger, or put
-- right by the unit itself. Pending: an instance is still undecided.
SELECT unit_id, domain, month_of(settled_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_corrected) AS numerator,
       count(*) FILTER (WHERE state = 'due')                  AS denominator,
       count(*) FILTER (WHERE state = 'pending')              AS pending,
       count(*) FILTER (WHERE state = 'excluded')             AS excluded
FROM review_outcomes
GROUP BY 1, 2, 3
