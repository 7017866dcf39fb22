-- 疑点“程序时间倒置、倒签”（stage_inversion）除案件外考察的决定书文号及其日期。
--
-- 决定日期在统计期内、有文号的决定，不论何种程序，每件一行。检测时从文号最后一段数字处切开，余下的是文号系列（单位代字、年份），
-- 同一单位的同一系列内，文号与日期应当一同递增。
SELECT unit_id, domain, record_id, source_file, source_line, decision_no, decided_on
FROM case_register
WHERE decision_no IS NOT NULL AND decided_on >= day_of($from) AND end_of(decided_on) <= $as_of
