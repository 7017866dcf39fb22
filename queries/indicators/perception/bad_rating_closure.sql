-- /// indicator
-- title = "差评按期整改率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "本系统补充；GB/T 39734-2020，地方好差评规定（15个工作日内整改，回访率100%）"
-- ///
--
-- 对行政执法行为的差评（1、2星）中，最后一日之前（含当日）整改完成并且回访了评价人的比例，计入最后一日所在的月份。
-- 到期仍没有整改或者没有回访的，为未按期。标记为系统自动给出的差评照计。
-- 两侧均剔除并另列：评价的不是行政执法行为的。未到期：最后一日尚未过去的。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_put_right) AS numerator,
       count(*) FILTER (WHERE state = 'due')                  AS denominator,
       count(*) FILTER (WHERE state = 'pending')              AS pending,
       count(*) FILTER (WHERE state = 'excluded')             AS excluded
FROM bad_ratings
GROUP BY 1, 2, 3
