-- /// indicator
-- title = "检查后评价率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "本系统补充；扫码入企、检查后评价（上海检查码、深圳执法监督码）；GB/T 39734-2020"
-- ///
--
-- 扫码入企的检查中，检查后15日内有人作出评价的比例，计入观察期最后一日所在的月份。评价好坏不论；系统自动给出的不算。
-- 只显示、不计分：评价是企业的自愿，计分会促使单位催要评价。
-- 两侧均剔除并另列：没有扫码的，没有入企的。未到期：观察期尚未结束的，即使已经评价。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_rated) AS numerator,
       count(*) FILTER (WHERE state = 'due')              AS denominator,
       count(*) FILTER (WHERE state = 'pending')          AS pending,
       count(*) FILTER (WHERE state = 'excluded')         AS excluded
FROM scanned_visits
GROUP BY 1, 2, 3
