-- /// indicator
-- title = "涉嫌犯罪移送及时率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county"]
-- basis = "行政执法机关移送涉嫌犯罪案件的规定第5条（3日内批准或者不批准，批准的24小时内移送）；行政处罚法第27条"
-- ///
--
-- 期限已过的涉嫌犯罪案件中，3日内批准移送、且批准后24小时内移送公安机关的比例。
-- 3日按自然日，自知道涉嫌犯罪之日起算；没有批准时刻的移送、逾期才决定不予移送的，计入分母、不计入分子。
-- 两侧均剔除并另列：在3日内决定不予移送的，没有知道日期的，案件标明涉嫌犯罪而没有移送记录的（应予核查）。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_in_time) AS numerator,
       count(*) FILTER (WHERE state = 'due')                AS denominator,
       count(*) FILTER (WHERE state = 'pending')            AS pending,
       count(*) FILTER (WHERE state = 'excluded')           AS excluded
FROM criminal_transfers
GROUP BY 1, 2, 3
