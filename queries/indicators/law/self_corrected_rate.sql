-- /// indicator
-- title = "自行改变率"
-- better = "lower"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county"]
-- basis = "本系统补充：与 law.review_correction_rate 并列，使以自行改变换取撤回、和解的案件看得见；行政诉讼法第62条"
-- ///
--
-- 已有终局结果的被复议、诉讼的决定中，由单位自行改变或者撤回的比例；计入最后一级作出结果的月份。
-- 自行改变包括结果为自行纠正的，以及以撤回、和解、调解结束而记录了自行改变日期的。自行纠错本身是法律鼓励的，故只显示、不计分。
-- 两侧均剔除并另列：责令履行的（不作为，没有可以改变的决定）。未到期：尚有一级未作出结果的。
SELECT unit_id, domain, month_of(settled_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_self_corrected) AS numerator,
       count(*) FILTER (WHERE state = 'due')                       AS denominator,
       count(*) FILTER (WHERE state = 'pending')                   AS pending,
       count(*) FILTER (WHERE state = 'excluded')                  AS excluded
FROM challenged_decisions
GROUP BY 1, 2, 3
