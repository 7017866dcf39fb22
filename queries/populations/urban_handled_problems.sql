-- /// population
-- title = "可非现场执法的城市管理问题（已处理）"
-- grain = "one handled problem: a case, or a correction on the spot without a case"
-- [excluded]
-- no_fact = "违法事实不成立，没有需要处理的问题"
-- transferred = "已移送其他机关，没有需要本单位处理的问题"
-- withdrawn = "已撤案，没有需要本单位处理的问题"
-- [columns]
-- is_offsite = "合规的非现场执法"
-- ///
--
-- 已处理的、设备可以发现的城市管理问题：占道经营（计划所列），店外经营、乱堆放、违规停放、户外广告（自定）。
-- 已处理：以任何方式（含行政指导）办结的案件，或者问题当场改正的检查；因此，把街面执法称为行政指导，单位得不到好处。
-- `is_offsite`：由设备发现，发现当日该设备已通过法制审核和技术审核、设置地点已公布（行政处罚法第41条），
-- 且记录本身在决定之日或之前经过审核。
SELECT h.*, CASE WHEN h.excluded_because IS NULL THEN 'due' ELSE 'excluded' END AS state
FROM (
  SELECT c.unit_id, c.domain, c.record_id, c.source_file, c.source_line, c.violation_type AS problem_type,
         coalesce(c.decided_on, c.closed_on) AS handled_on,
         CASE WHEN c.ended_as IN ('no_fact', 'transferred', 'withdrawn') THEN c.ended_as END AS excluded_because,
         coalesce(c.offsite_reviewed_at <= end_of(coalesce(c.decided_on, c.closed_on)), false) AND d.device_id IS NOT NULL AS is_offsite
  FROM case_register AS c
  LEFT JOIN compliant_devices AS d
    ON d.device_id = c.offsite_device_id AND coalesce(day_of(c.found_at), c.opened_on) BETWEEN d.compliant_from AND d.compliant_to
  UNION ALL
  SELECT i.unit_id, i.act_domain, i.record_id, i.source_file, i.source_line, i.check_action_name, i.checked_on,
         CAST(NULL AS VARCHAR), false
  FROM inspection_register AS i
  WHERE i.result = 'corrected' AND i.case_id IS NULL
) AS h
WHERE h.domain = 'urban' AND regexp_like(h.problem_type, '占道|店外经营|出店经营|乱堆|违规停放|违停|户外广告')
  AND end_of(h.handled_on) <= $as_of
