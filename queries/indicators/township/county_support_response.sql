-- /// indicator
-- title = "县级协作响应率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["county"]
-- basis = "浙江省综合行政执法条例第17条；5个工作日为本系统补充"
-- ///
--
-- 乡镇（街道）向县级单位发出的协作请求中，5个工作日内答复的比例。最后一日答复视为及时，一直没有答复的不算；告知延期不是答复。
-- 答复由被请求的县级单位负责，故只计入县级：乡镇（街道）不因别人答复迟延而失分。没有剔除项。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND answered_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                           AS denominator,
       count(*) FILTER (WHERE state = 'pending')                       AS pending
FROM county_support_requests
GROUP BY 1, 2, 3
