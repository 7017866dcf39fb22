-- /// indicator
-- title = "业务培训覆盖率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["city"]
-- basis = "本系统补充：市级对县级执法人员的业务培训，每人每年不少于60学时，待确认"
-- window = "year_to_date"
-- ///
--
-- 所属县级单位的正式执法人员中，本年培训学时达到应有学时的比例；由市级单位负责，培训不论由谁组织。
-- 应有学时按日折算：全年60学时，年中按在岗天数折算；中途离岗的，按离岗前的在岗天数折算。
-- 两侧均剔除并另列：辅助人员，没有到岗日期也没有发证日期的，在岗不满6个月即离岗的，所在单位没有市级的上级单位的。
-- 未到期：在岗不满6个月的。
SELECT unit_id, domain,
       count(*) FILTER (WHERE state = 'due' AND has_enough_hours) AS numerator,
       count(*) FILTER (WHERE state = 'due')                      AS denominator,
       count(*) FILTER (WHERE state = 'pending')                  AS pending,
       count(*) FILTER (WHERE state = 'excluded')                 AS excluded
FROM county_officers_to_train
GROUP BY 1, 2
