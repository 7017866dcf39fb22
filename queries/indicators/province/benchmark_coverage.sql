-- /// indicator
-- title = "裁量基准覆盖率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province"]
-- basis = "行政处罚法第34条（行政处罚裁量基准应当向社会公布）；国办发〔2022〕27号"
-- window = "stock"
-- rollup = "recompute"
-- alone    = "计不同的事项，去重后的个数不能由各部分相加"
-- ///
--
-- 当日清单内的行政处罚事项中，有已公布、有效的裁量基准的比例；省看全省各主体的清单，数个主体共有的事项只计一次。
-- 没有公布日期的基准不算；只规定了部分档次的，从数据中看不出来，视为有基准。没有剔除项。
SELECT unit_id, domain,
       count(DISTINCT item) FILTER (WHERE has_benchmark) AS numerator,
       count(DISTINCT item)                              AS denominator
FROM penalty_items
GROUP BY 1, 2
