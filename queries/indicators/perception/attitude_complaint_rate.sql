-- /// indicator
-- title = "态度类投诉率（每千次执法行为）"
-- better = "lower"
-- shown_as = "number"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "2026考核计划 一(三)：与行政执法直接相关的诉求（“检查时态度粗暴”“罚款后未说明整改要求”）"
-- window = "year_to_date"
-- rollup = "recompute"
-- shape = "value"
-- ///
--
-- 本年至今每千次执法行为（案件和检查）中，被12345投诉反映执法态度、未说明整改要求的次数；n为执法行为次数。
-- 投诉反映什么，依工单的类型和内容认定，不凭“是否涉执法”的填报；匿名投诉照计。
-- 关联不到行为的投诉，两侧各计一次：有投诉即有行为。同一件行为有数件投诉的，只计一次。
-- 剔除并另列：认定诉求不合理的投诉（没有认定的视为合理），由另一张工单重开的投诉。没有未到期的行。
-- 行为越多数值越低，故须与 market.inspection_frequency_compliance 并看，不宜单独计分。
SELECT unit_id, domain,
       CAST(1000 * count(*) FILTER (WHERE state = 'due' AND is_complained_of) AS DECIMAL(18, 6))
         / nullif(count(*) FILTER (WHERE state = 'due'), 0) AS value,
       count(*) FILTER (WHERE state = 'due')                AS n,
       count(*) FILTER (WHERE state = 'excluded')           AS excluded
FROM acts_by_attitude
GROUP BY 1, 2
