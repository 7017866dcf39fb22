-- /// indicator
-- title = "编码有效率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "本系统补充；GB 32100-2015；GB/T 2260；行政处罚法 第42条；2026考核计划 一(二) 执法数据真实性"
-- ///
--
-- 案件和检查应核对的编码（统一社会信用代码、区划代码、事项编码、执法证件）中，有效的比例。
-- 应有而没有填写的编码算无效，不退出分母；无效的编码也不使该行退出其他任何指标。只显示、不计分。
-- 没有剔除项；自然人不核对信用代码，单位当时还没有事项清单的不核对事项编码。未到期：录入时限尚未届满的记录（按行数）。
SELECT unit_id, domain, month_of(due_on) AS month,
       sum(least(keys_valid, keys_checked)) FILTER (WHERE state = 'due') AS numerator,
       sum(keys_checked) FILTER (WHERE state = 'due')                    AS denominator,
       count(*) FILTER (WHERE state = 'pending')                         AS pending
FROM checked_keys
GROUP BY 1, 2, 3
