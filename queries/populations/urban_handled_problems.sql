-- /// population
-- title = "可非现场执法的城市管理问题（已处理）"
-- grain = "one handled problem: a case, or a correction on the spot without a case"
-- [excluded]
-- no_fact = "违法事实不成立，没有需要处理的问题"
-- transferred = "已移送其他机关"
-- withdrawn = "已撤案"
-- ///
--
-- Handled problems of city management of the types that a device can see: 占道经营 [plan], 店外经营, 乱堆放, 违规停放, 户外广告 [own].
-- Handled = a case that ended in any way, guidance included, or an inspection whose problem was put right on the spot; so a unit
-- does not gain by calling its street work guidance. `is_offsite` = found by a device that on the day of discovery had passed its
-- legal and technical review and stood at a published place (行政处罚法41), the record itself reviewed by the day of the decision.
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
