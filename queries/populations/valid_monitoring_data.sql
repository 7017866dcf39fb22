-- /// population
-- title = "作为立案依据的有效自动监测数据"
-- grain = "one automatic measurement used as a basis"
-- ///
--
-- Measurements from automatic devices that a unit marked as basis of a filing, the device in order and the data not flagged
-- (flag N 正常 of HJ 212 [K], or none).
SELECT unit_id, domain, ref_id AS record_id, source_file, source_line, case_id, lead_id, measured_on
FROM monitoring_data_refs
WHERE is_automatic AND used_as_basis AND device_state = 'ok' AND coalesce(quality_flag, 'N') IN ('N', 'n', '正常', '有效')
