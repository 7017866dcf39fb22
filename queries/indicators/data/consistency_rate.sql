-- /// indicator
-- title = "执法系统与考核平台数据一致率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "2026考核计划 一(二) 执法数据真实性：执法系统与考核平台数据一致率；indicators.md A1、D"
-- ///
--
-- Of the decided cases and inspections on either side (the unit's system, the assessment platform) whose grace days are over,
-- those that stand on both sides with every compared field equal. A record on one side alone is a difference, whichever side.
-- Amounts are compared for equality only. Left out of both sides and shown: pairs read from one and the same export.
-- Pending: records whose grace days for transit are still running.
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_consistent) AS numerator,
       count(*) FILTER (WHERE state = 'due')                   AS denominator,
       count(*) FILTER (WHERE state = 'pending')               AS pending,
       count(*) FILTER (WHERE state = 'excluded')              AS excluded
FROM reconciled_records
GROUP BY 1, 2, 3
