-- /// indicator
-- title = "涉企执法检查备案率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "2026考核计划 一(二) 动态指标：涉企执法检查备案率；国办发〔2024〕54号"
-- ///
--
-- Of the visits to enterprises, those filed or approved, singly or by their plan, before they began.
-- An emergency visit may be filed within 24 hours after it began. A visit never filed counts against the unit.
-- Left out of both sides and shown: checks that were no visit (written, online, off-site), visits without an enterprise's code.
SELECT unit_id, domain, month_of(day_of(due_at)) AS month,
       count(*) FILTER (WHERE state = 'due' AND filed_by <= due_at) AS numerator,
       count(*) FILTER (WHERE state = 'due')                        AS denominator,
       count(*) FILTER (WHERE state = 'pending')                    AS pending,
       count(*) FILTER (WHERE state = 'excluded')                   AS excluded
FROM enterprise_visits
GROUP BY 1, 2, 3
