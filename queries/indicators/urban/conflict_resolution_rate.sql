-- /// indicator
-- title = "执法冲突化解率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["urban"]
-- tiers = ["county", "township"]
-- basis = "2026考核计划 一(一) 城市管理：现场执法中通过说服教育、行政指导解决问题的比例；indicators.md A3、D"
-- ///
--
-- Of the disputes recorded on the spot, those ended by persuasion or guidance with nobody hurt.
-- Police called in, an injury, or no ending on record: not resolved. Nothing is left out.
-- Numbers are small as a rule (the scheme withholds the rank), and disputes kept off the record show in the hotline's
-- complaints about attitude: read both.
SELECT unit_id, domain, month_of(happened_on) AS month,
       count(*) FILTER (WHERE is_resolved) AS numerator,
       count(*)                            AS denominator
FROM on_site_conflicts
GROUP BY 1, 2, 3
