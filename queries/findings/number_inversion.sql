-- /// finding
-- title      = "文号与日期倒序"
-- statistic  = "number_order"
-- severity   = 3
-- pattern    = "同一文号系列中，号大的文书日期反而早：日期可能不是当时所写。"
-- benign     = "系统预编文号或多个文号簿并用；日期录入差错；撤销后重作沿用原号；分支机构共用文号而分别登记"
-- look_at    = "文号登记簿原件；前后相邻文号的案卷；送达回证与缴款凭证的日期"
-- documented = "四川某市2024至2025年：立案2024-09-09，决定2024-12-11，共93日，办案单位提出内部意见12-04、电话12-05为准，监督机关认定只以决定书日期为准（检测规则目录 五 Date games）"
-- basis      = "检测规则目录 stage_inversion（document number order vs date order）；统计检测方法 backdating：inversion >5 %"
-- minimum_n  = 15
-- floor      = 0.20
-- ///
-- 决定日期在统计期内的决定，不论何种程序，每件一行；没有文号的无从判断，如实说明件数。检测时从文号最后一段数字处切开，余下的是文号系列（单位代字、年份），
-- 同一单位的同一系列内，文号与日期应当一同递增；至少须抽去几件方能一同递增，这几件即为不顺。
SELECT unit_id, domain, 'cases' AS source_table, record_id, source_file, source_line, decision_no AS number, decided_on AS dated_on
FROM case_register
WHERE decided_on >= day_of($from) AND end_of(decided_on) <= $as_of
