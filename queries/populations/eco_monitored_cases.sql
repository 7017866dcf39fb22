-- /// population
-- title = "有自动监测数据可用的生态环境案件"
-- grain = "one filed case of ecology and environment"
-- [excluded]
-- not_monitored = "该类污染没有自动监测，或没有事项编码"
-- ///
--
-- Filed cases of an item for which automatic monitoring exists on the filing date (monitored_pollution_types), with whether valid
-- automatic data stood in the basis of filing: measured by the filing day, used as basis, device in order (not marked stopped,
-- faulty or under maintenance), data not flagged invalid. Data may hang on the case or on the lead that it came from.
SELECT c.unit_id, c.domain, c.record_id, c.source_file, c.source_line, c.filed_on, c.uses_monitoring, c.excluded_because,
       CASE WHEN c.excluded_because IS NULL THEN 'due' ELSE 'excluded' END AS state
FROM (
  SELECT c.unit_id, c.domain, c.record_id, c.source_file, c.source_line, c.filed_on,
         coalesce(least(b.measured_on, l.measured_on) <= c.filed_on, false) AS uses_monitoring,
         CASE WHEN NOT coalesce(t.is_automatic_available, false) THEN 'not_monitored' END AS excluded_because
  FROM case_register AS c
  LEFT JOIN monitored_types AS t ON t.item_code = c.item_code AND c.filed_on BETWEEN t.valid_from AND t.valid_to
  LEFT JOIN (SELECT case_id, min(measured_on) AS measured_on FROM valid_monitoring_data GROUP BY case_id) AS b ON b.case_id = c.case_id
  LEFT JOIN (SELECT lead_id, min(measured_on) AS measured_on FROM valid_monitoring_data GROUP BY lead_id) AS l ON l.lead_id = c.lead_id
  WHERE c.domain = 'eco' AND end_of(c.filed_on) <= $as_of
) AS c
