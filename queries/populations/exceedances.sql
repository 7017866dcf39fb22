-- /// population
-- title = "应形成线索的监测超标"
-- grain = "one exceedance measured by the as-of date"
-- [excluded]
-- invalid_data = "设备停用、故障、维护，或者数据标记为异常，且没有确认超标"
-- not_confirmed = "手工监测的超标，没有确认日期，期限无从起算"
-- [columns]
-- responded_on = "形成线索或者立案之日"
-- ///
--
-- 截至数据截止日测得的超标。`due_on`：响应时限（`exceedance_response.target`）的最后一日，自确认超标之日起算。
-- 没有确认日期、但自动监测设备正常、数据没有异常标志的（`monitoring_register`），数据本身有效，自监测之日起算：不记确认日期不能使超标退出分母。
-- 剔除的以监测之日确定月份。`responded_on`：由该数据形成的线索的收到之日，或者以它为依据的案件的最早日期，取较早的一日；
-- 只有编号、找不到线索和案件的，没有响应日期。
WITH measured AS (
  SELECT m.unit_id, m.ref_id AS record_id, m.source_file, m.source_line, m.lead_id, m.case_id,
         CASE WHEN end_of(m.confirmed_on) <= $as_of THEN m.confirmed_on END AS confirmed_on, m.measured_on, m.is_sound, m.device_state, m.is_automatic,
         coalesce(m.quality_flag, 'N') AS quality_flag
  FROM monitoring_register AS m
  WHERE m.is_exceedance AND coalesce(m.domain, 'eco') = 'eco' AND end_of(m.measured_on) <= $as_of
),
judged AS (
  SELECT m.*, least(l.received_on, c.opened_on) AS responded_on,
         due_on('exceedance_response.target', 'eco', coalesce(m.confirmed_on, m.measured_on)) AS due_on,
         CASE WHEN m.confirmed_on IS NOT NULL OR m.is_sound THEN NULL
              WHEN coalesce(m.is_automatic, false) OR m.device_state <> 'ok' THEN 'invalid_data'
              ELSE 'not_confirmed' END AS excluded_because
  FROM measured AS m
  LEFT JOIN leads AS l ON l.lead_id = m.lead_id
  LEFT JOIN case_register AS c ON c.case_id = m.case_id
)
SELECT unit_id, 'eco' AS domain, record_id, source_file, source_line, measured_on, confirmed_on, due_on, responded_on, excluded_because,
       CASE WHEN excluded_because IS NOT NULL THEN 'excluded'
            WHEN end_of(due_on) <= $as_of THEN 'due'
            ELSE 'pending' END AS state
FROM judged
