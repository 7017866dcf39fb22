-- /// population
-- title = "行政强制执行及其实施的时间"
-- grain = "one act of coercive execution carried out by the as-of instant"
-- [excluded]
-- no_execution_time = "没有执行时刻，看不出是否在夜间"
-- [columns]
-- is_rest_time = "在夜间或者法定节假日执行"
-- is_justified_urgency = "情况紧急且有批准（报告）记录"
-- ///
--
-- 截至数据截止时点已经实施的强制执行。夜间、节假日由执行时刻和工作日历得出，不依单位自报（`night`、`holiday`）；
-- 只有没有执行时刻时，才看自报：自报在夜间的，以及当日是法定节假日的，仍然计入；其余看不出来，予以剔除。
-- `is_night`：在参数 `coercion.night_from_hour` 之后或者 `coercion.night_to_hour` 之前。
-- `is_holiday`：法定节假日（含与其相连的放假日；`coercion_execution.statutory` 使这一日推到节后）。
-- 普通的周六、周日是否算法定节假日，由参数 `coercion.weekend_is_holiday` 规定。
-- `is_justified_urgency`：自报紧急，且在执行前24小时至执行后24小时（`coercion_report.statutory`）之间有负责人批准或者报告的记录；
-- 只有自报的不算；一天以前就已批准的，不是情况紧急。
WITH executions AS (
  SELECT m.unit_id, m.act_domain AS domain, m.record_id, m.source_file, m.source_line, m.execution_kind, m.urgent, m.night,
         m.began_at, coalesce(day_of(m.began_at), m.started_on) AS executed_on,
         coalesce(m.began_at, end_of(m.started_on)) - INTERVAL '24 hours' AS told_from,
         least(due_at('coercion_report.statutory', m.act_domain, coalesce(m.began_at, end_of(m.started_on))), $as_of) AS told_by,
         m.approved_at, m.reported_at
  FROM coercion_register AS m
  WHERE m.is_execution AND coalesce(m.began_at < $as_of, end_of(m.started_on) <= $as_of)
),
judged AS (
  SELECT e.*,
         CASE WHEN e.began_at IS NULL THEN coalesce(e.night, false)
              ELSE date_part('hour', e.began_at + INTERVAL '8 hours') >= param('coercion.night_from_hour', e.domain, e.executed_on)
                OR date_part('hour', e.began_at + INTERVAL '8 hours') < param('coercion.night_to_hour', e.domain, e.executed_on) END AS is_night,
         due_on('coercion_execution.statutory', e.domain, e.executed_on) <> e.executed_on
           OR workdays_between(e.executed_on - 1, e.executed_on) < param('coercion.weekend_is_holiday', e.domain, e.executed_on) AS is_holiday,
         e.urgent AND (coalesce(e.approved_at BETWEEN e.told_from AND e.told_by, false)
                       OR coalesce(e.reported_at BETWEEN e.told_from AND e.told_by, false)) AS is_justified_urgency
  FROM executions AS e
)
SELECT j.*, j.is_night OR j.is_holiday AS is_rest_time,
       CASE WHEN j.began_at IS NULL AND NOT j.is_night AND NOT j.is_holiday THEN 'no_execution_time' END AS excluded_because,
       CASE WHEN j.began_at IS NULL AND NOT j.is_night AND NOT j.is_holiday THEN 'excluded' ELSE 'due' END AS state
FROM judged AS j
