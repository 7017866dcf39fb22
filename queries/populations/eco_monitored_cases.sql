-- /// population
-- title = "有自动监测数据可用的生态环境案件"
-- grain = "one filed case of ecology and environment"
-- [excluded]
-- not_monitored = "所涉事项当时没有自动监测"
-- [columns]
-- uses_monitoring = "立案依据含有效的自动监测数据"
-- ///
--
-- 立案之日所涉事项有自动监测（`monitored_pollution_types`）的立案案件，以及立案依据中是否有有效的自动监测数据。
-- 没有事项编码的，或者编码不在任何事项清单、也不在有自动监测的事项之中的，无从证明没有自动监测，照样计入：代码缺漏不能缩小分母。
-- 有效：在立案之日或之前测得，作为立案依据，设备正常（没有标记为停用、故障或维护），数据没有标记为无效。
-- 数据可以记在案件上，也可以记在案件所来自的线索上。
SELECT c.unit_id, c.domain, c.record_id, c.source_file, c.source_line, c.filed_on, c.uses_monitoring, c.excluded_because,
       CASE WHEN c.excluded_because IS NULL THEN 'due' ELSE 'excluded' END AS state
FROM (
  SELECT c.unit_id, c.domain, c.record_id, c.source_file, c.source_line, c.filed_on,
         coalesce(least(b.measured_on, l.measured_on) <= c.filed_on, false) AS uses_monitoring,
         CASE WHEN k.item_code IS NOT NULL AND NOT coalesce(t.is_automatic_available, false) THEN 'not_monitored' END AS excluded_because
  FROM case_register AS c
  LEFT JOIN (SELECT item_code FROM monitored_types UNION SELECT item_code FROM item_lists) AS k ON k.item_code = c.item_code
  LEFT JOIN monitored_types AS t ON t.item_code = c.item_code AND c.filed_on BETWEEN t.valid_from AND t.valid_to
  LEFT JOIN (SELECT case_id, min(measured_on) AS measured_on FROM valid_monitoring_data GROUP BY case_id) AS b ON b.case_id = c.case_id
  LEFT JOIN (SELECT lead_id, min(measured_on) AS measured_on FROM valid_monitoring_data GROUP BY lead_id) AS l ON l.lead_id = c.lead_id
  WHERE c.domain = 'eco' AND end_of(c.filed_on) <= $as_of
) AS c
