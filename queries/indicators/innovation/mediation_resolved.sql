-- /// indicator
-- title = "执法与调解衔接化解率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["city", "county", "township"]
-- basis = "2026考核计划 一(二) 创新指标：通过人民调解组织化解轻微行政争议的数量；indicators.md A11、D"
-- ///
--
-- Of the minor administrative disputes referred to people's mediation and closed, those that ended with an agreement on record.
-- The numerator is the plan's count, shown beside the rate: a count alone would reward making disputes.
-- Not counted as resolved: a closing without agreement, an agreement without a date or dated after the closing. Nothing is left out.
SELECT unit_id, domain, month_of(closed_on) AS month,
       count(*) FILTER (WHERE is_resolved) AS numerator,
       count(*)                            AS denominator
FROM mediated_disputes
GROUP BY 1, 2, 3
