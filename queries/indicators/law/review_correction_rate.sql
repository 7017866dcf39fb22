-- /// indicator
-- title = "复议诉讼纠错率"
-- better = "lower"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county"]
-- basis = "2026考核计划 一(二) 法律适用准确性：案件经行政复议或诉讼的纠错率；行政复议法第63—65、67条；行政诉讼法第70、74、75、77条"
-- decided_by = "others"
-- ///
--
-- 经行政复议或诉讼且已有终局结果的行政行为中，被变更、撤销、部分撤销、确认违法或者确认无效的比例。
-- 一个行为只计一次，以复议、一审、二审走完后有效的结果为准，计入最后一级作出结果的月份：
-- 二审维持原判或者撤回上诉的，一审判决有效；复议变更、撤销之后法院驳回诉讼请求或者原告撤诉的，复议的变更、撤销有效。
-- 每千件处罚决定中被纠错的件数，见 law.review_correction_per_1000。
-- 两侧均剔除并另列：责令履行的，调解、和解结案的，申请人（原告）撤回的，单位自行纠正的。未到期：尚有一级未作出结果的。
SELECT unit_id, domain, month_of(settled_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_corrected) AS numerator,
       count(*) FILTER (WHERE state = 'due')                  AS denominator,
       count(*) FILTER (WHERE state = 'pending')              AS pending,
       count(*) FILTER (WHERE state = 'excluded')             AS excluded
FROM review_outcomes
GROUP BY 1, 2, 3
