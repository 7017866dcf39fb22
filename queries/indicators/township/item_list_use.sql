-- /// indicator
-- title = "赋权事项承接率"
-- better = "band"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["township"]
-- basis = "行政处罚法第24条（交由能够有效承接的乡镇、街道行使，并定期组织评估）；本系统补充"
-- window = "rolling_12"
-- measures = "coverage"
-- statutory_duty = "行政处罚法 第24条（交由能够有效承接的乡镇人民政府、街道办事处行使，并定期组织评估）"
-- companion = "market.inspection_frequency_compliance"
-- ///
--
-- 乡镇（街道）赋权清单内满12个月的事项中，12个月内有过案件或者检查的比例；一次即可，多办不加分。
-- 只用于评估赋权是否承接得住，过低、过高都要看；没有执法事由的事项不要求有行为，故只显示、不计分。
-- 未到期：统计期首日还不在清单内的事项。没有剔除项。
SELECT unit_id, domain,
       count(*) FILTER (WHERE state = 'due' AND has_act) AS numerator,
       count(*) FILTER (WHERE state = 'due')             AS denominator,
       count(*) FILTER (WHERE state = 'pending')         AS pending
FROM listed_items
WHERE tier = 'township'
GROUP BY 1, 2
