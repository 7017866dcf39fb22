-- /// indicator
-- title = "决定书送达及时率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["city", "county", "township"]
-- basis = "2026考核计划 一(二) 执法程序合规性：时限；行政处罚法第61、85条；市监程序第82条"
-- ///
--
-- 送达时限已过的处罚、不予处罚决定中，当场或者在决定之日起7个工作日内送达的比例；公告送达的，以期限内发布公告为准。
-- 最后一日送达视为及时；时限已过而没有送达记录的，计入分母、不计入分子。送达日期早于决定日期的，不算送达。
-- 两侧均剔除并另列：没有决定日期的。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND delivered_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                            AS denominator,
       count(*) FILTER (WHERE state = 'pending')                        AS pending,
       count(*) FILTER (WHERE state = 'excluded')                       AS excluded
FROM decision_deliveries
GROUP BY 1, 2, 3
