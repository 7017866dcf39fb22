-- /// indicator
-- title = "问题转案率"
-- better = "band"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "行政处罚法第54条（发现应当给予行政处罚的行为，应当调查、立案）；本系统补充"
-- ///
--
-- 发现问题的检查中，30日内立案，或者作出有案件记录的不予处罚、行政指导的比例。最后一日立案视为及时；未满30日的未到期。
-- 以区间论优劣，只供对照：全部不立案是走过场，全部立案是以罚代管；立案多少本身不是成绩。没有剔除项。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND followed_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                           AS denominator,
       count(*) FILTER (WHERE state = 'pending')                       AS pending
FROM problem_inspections
GROUP BY 1, 2, 3
