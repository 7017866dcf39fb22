-- /// indicator
-- title = "现场送达当日归档率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["urban"]
-- tiers = ["county", "township"]
-- basis = "本系统补充；同类2026计划：现场送达当日归档率100%"
-- ///
--
-- 城市管理领域直接送达、留置送达的文书中，送达当日（24时以前）归档的比例，计入送达之月。没有归档时刻的，为没有归档。
-- 送达之日以前就已归档的，不算。
-- 两侧均剔除并另列：没有送达时刻的（计入落款之月）。没有未到期的行：送达当日一过即到期。
SELECT unit_id, domain, month_of(coalesce(due_on, dated_on)) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_archived_same_day) AS numerator,
       count(*) FILTER (WHERE state = 'due')                          AS denominator,
       count(*) FILTER (WHERE state = 'excluded')                     AS excluded
FROM urban_on_spot_services
GROUP BY 1, 2, 3
