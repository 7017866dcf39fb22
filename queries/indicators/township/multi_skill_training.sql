-- /// indicator
-- title = "“一专多能”培训覆盖率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["township"]
-- basis = "2026考核计划 一(一) 乡镇：执法人员“一专多能”培训覆盖率（每人每年至少掌握3个领域基础执法流程）"
-- window = "year_to_date"
-- ///
--
-- 乡镇（街道）正式执法人员中，本年基础执法流程培训合格的领域数达到应有数的比例。
-- 应有数按日折算：全年3个领域，年中按在岗天数折算，不足一个的部分不计，故年内即可见进度，年底为3个。
-- 中途离岗的，按离岗前的在岗天数折算，仍在分母之内。
-- 两侧均剔除并另列：辅助人员，没有到岗日期也没有发证日期的，在岗太短、离岗时尚无应完成培训的。
-- 未到期：在岗不满6个月的，尚无应掌握的领域的。
SELECT unit_id, domain,
       count(*) FILTER (WHERE state = 'due' AND domains_passed >= domains_due) AS numerator,
       count(*) FILTER (WHERE state = 'due')                                   AS denominator,
       count(*) FILTER (WHERE state = 'pending')                               AS pending,
       count(*) FILTER (WHERE state = 'excluded')                              AS excluded
FROM township_officers_to_train
GROUP BY 1, 2
