-- /// indicator
-- title = "一超四罚抄告落实率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["transport"]
-- tiers = ["province", "city"]
-- basis = "公路安全保护条例第66条（车辆、驾驶人、运输企业、货运源头一并处理）；抄告范围由省规定；本系统补充"
-- ///
--
-- 抄告时限已过的超限超载处罚中，就运输企业和货运源头均已抄告、且在决定后30日内均收到反馈的比例。
-- 只看是否抄告和有无反馈，不看处罚多少。最后一日反馈视为及时；只抄告一方的，没有反馈的，计入分母、不计入分子。
-- 两侧均剔除并另列：当事人是自然人的（没有运输企业可以抄告）。不予处罚、撤案等没有作出处罚的案件不在其内。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_copied_and_answered) AS numerator,
       count(*) FILTER (WHERE state = 'due')                            AS denominator,
       count(*) FILTER (WHERE state = 'pending')                        AS pending,
       count(*) FILTER (WHERE state = 'excluded')                       AS excluded
FROM overload_penalties_to_copy
GROUP BY 1, 2, 3
