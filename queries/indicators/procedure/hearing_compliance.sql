-- /// indicator
-- title = "听证环节合规率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["city", "county", "township"]
-- basis = "2026考核计划 一(二) 执法程序合规性：听证环节的时限；行政处罚法第63、64、85条"
-- ///
--
-- 应当告知听证权利的处罚决定中，本单位应做的都已做到的比例：已送达听证告知书，且申请期满才作决定（当事人放弃、已经听证的除外）；
-- 举行听证的，提前7个工作日通知，且主持人不是办案、调查人员。期满当日视为合规；当事人逾期申请、不申请，不是本单位的过错。
-- 应当与否依数额、种类和自报的标志任一项认定；没有听证告知书送达记录的，主持人没有记录的，计入分母、不计入分子。
-- 作出决定之月为计入的月份。两侧均剔除并另列：已予处罚而没有决定日期的。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND needs_hearing AND is_hearing_compliant) AS numerator,
       count(*) FILTER (WHERE state = 'due' AND needs_hearing)                          AS denominator,
       count(*) FILTER (WHERE state = 'excluded' AND needs_hearing)                     AS excluded
FROM penalty_decisions
GROUP BY 1, 2, 3
