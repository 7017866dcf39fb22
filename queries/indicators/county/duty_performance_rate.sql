-- /// indicator
-- title = "职权履行率"
-- better = "band"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["county"]
-- basis = "本系统补充：北京职权履行率的做法；只作参考，不计分"
-- window = "rolling_24"
-- measures = "coverage"
-- statutory_duty = "优化营商环境条例 第54条、行政处罚法 第75条（县级以上人民政府定期组织开展行政执法评议、考核）"
-- companion = "market.inspection_frequency_compliance"
-- ///
--
-- 县级单位权责清单内满24个月的事项中，24个月内有过案件或者检查的比例；一次即可，多办不加分。
-- 没有违法就没有处罚，比例低不等于失职，只显示、不计分。
-- 未到期：统计期首日还不在清单内的事项。没有剔除项。
SELECT unit_id, domain,
       count(*) FILTER (WHERE state = 'due' AND has_act) AS numerator,
       count(*) FILTER (WHERE state = 'due')             AS denominator,
       count(*) FILTER (WHERE state = 'pending')         AS pending
FROM listed_items
WHERE tier = 'county'
GROUP BY 1, 2
