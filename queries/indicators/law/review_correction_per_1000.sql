-- /// indicator
-- title = "每千件处罚决定被纠错数"
-- better = "lower"
-- shown_as = "number"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county"]
-- basis = "2026考核计划 一(二) 法律适用准确性：案件经行政复议或诉讼的纠错率"
-- window = "year_to_date"
-- rollup = "recompute"
-- shape = "value"
-- ///
--
-- 本年作出的每千件处罚决定（含不予处罚决定）中，经复议、诉讼走完后被变更、撤销、部分撤销、确认违法或者确认无效的件数；n为决定件数。
-- 与 law.review_correction_rate 并列，只显示、不计分：那里的分母只有被复议、诉讼的行为，少数几件就使比例大起大落；
-- 这里以决定为一批，近几个月的决定还来不及被复议、诉讼，年内的数偏低。
-- 没有剔除项。未到期：复议、诉讼尚有一级未作出结果的决定。没有对应案件的复议诉讼不在内。
SELECT unit_id, domain,
       CAST(1000 * count(*) FILTER (WHERE state = 'due' AND is_corrected) AS DECIMAL(18, 6))
         / nullif(count(*) FILTER (WHERE state = 'due'), 0) AS value,
       count(*) FILTER (WHERE state = 'due')                AS n,
       count(*) FILTER (WHERE state = 'pending')            AS pending
FROM challengeable_decisions
GROUP BY 1, 2
