-- /// population
-- title = "作为立案依据的有效自动监测数据"
-- grain = "one automatic measurement used as a basis"
-- ///
--
-- 自动监测设备取得、由单位标记为立案依据的监测数据，设备正常，数据没有异常标志（见 `monitoring_register`）。
SELECT unit_id, domain, ref_id AS record_id, source_file, source_line, case_id, lead_id, measured_on
FROM monitoring_register
WHERE is_sound AND used_as_basis
