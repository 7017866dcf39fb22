-- /// indicator
-- title = "事项清单执行准确率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["township"]
-- basis = "2026考核计划 一(一) 乡镇：实际执法事项与赋权清单一致率；行政处罚法第24条"
-- ///
--
-- 乡镇（街道）的执法行为（案件和检查）中，所涉事项在行为当日列入其赋权事项清单的比例。
-- 没有事项编码的，视为不在清单内；事项列入清单之前、移出清单之后的，也不算。
-- 两侧均剔除并另列：该乡镇（街道）首份清单生效之前的行为。
SELECT unit_id, domain, month_of(acted_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_listed) AS numerator,
       count(*) FILTER (WHERE state = 'due')               AS denominator,
       count(*) FILTER (WHERE state = 'excluded')          AS excluded
FROM township_acts
GROUP BY 1, 2, 3
