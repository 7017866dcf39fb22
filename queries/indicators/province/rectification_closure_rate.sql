-- /// indicator
-- title = "考核问题整改闭环率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county"]
-- basis = "行政处罚法第75条（评议、考核）；整改期限30日为本系统补充"
-- ///
--
-- 整改期限已过的考核和现场抽查问题中，按期完成且经其他单位核实的比例。期限最后一日完成视为及时；只有自报完成、没有核实的不算。
-- 问题记在整改单位名下，省、市看所属各单位的合计。监督发现的问题由 province.supervision_doc_closure_rate 计。没有剔除项。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_closed) AS numerator,
       count(*) FILTER (WHERE state = 'due')               AS denominator,
       count(*) FILTER (WHERE state = 'pending')           AS pending
FROM problems_to_rectify
GROUP BY 1, 2, 3
