-- /// population
-- title = "应在目标时限内办结的热线工单"
-- grain = "one 12345 order"
-- [columns]
-- is_on_time = "按期办结"
-- extended_on = "延期后的最后一日"
-- ///
--
-- 派至执法主体的全部12345工单，不论是否与行政执法有关：按期办结是对全部诉求的要求，也就没有填报可以使工单退出分母。
-- `due_on`：办结的最后一日，自派单之日起算（没有记录派单时刻的，自工单生成之日起算：比派单更早，不利于单位，不因缺漏而免责）；
-- 时限依诉求性质：咨询 `hotline_closure.consult.target`，求助 `hotline_closure.help.target`，建议 `hotline_closure.suggestion.target`，
-- 投诉、举报 `hotline_closure.complaint.target`，其他、表扬和没有填写的 `hotline_closure.other.target`。
-- 来源没有紧急标志，紧急类时限（`hotline_closure.urgent.target`）无从适用。
-- 批准延期的，至延期之日，但最多再延一个同样的时限（自定）：批准多少次、延多久，数据中看不出依据。`extended_on`：计入的延期之日。
-- 来源自己算出的办结期限（`due_at`）不采用。截至数据截止时点尚未派出的工单，不在本口径内；派出的，工单日期误填为将来的照样在内。没有剔除项。
WITH started AS (
  SELECT unit_id, act_domain AS domain, record_id, source_file, source_line, kind, closed_at, day_of(extended_to) AS asked_until,
         coalesce(day_of(dispatched_at), created_on) AS started_on
  FROM hotline_register
  WHERE coalesce(dispatched_at < $as_of, end_of(created_on) <= $as_of)
),
limited AS (
  SELECT *, CASE kind WHEN 'consult' THEN due_on('hotline_closure.consult.target', domain, started_on)
                      WHEN 'help' THEN due_on('hotline_closure.help.target', domain, started_on)
                      WHEN 'suggestion' THEN due_on('hotline_closure.suggestion.target', domain, started_on)
                      WHEN 'complaint' THEN due_on('hotline_closure.complaint.target', domain, started_on)
                      WHEN 'report' THEN due_on('hotline_closure.complaint.target', domain, started_on)
                      ELSE due_on('hotline_closure.other.target', domain, started_on) END AS limit_on
  FROM started
),
extended AS (
  SELECT *, CASE WHEN asked_until > limit_on
                 THEN least(asked_until,
                            CASE kind WHEN 'consult' THEN due_on('hotline_closure.consult.target', domain, limit_on)
                                      WHEN 'help' THEN due_on('hotline_closure.help.target', domain, limit_on)
                                      WHEN 'suggestion' THEN due_on('hotline_closure.suggestion.target', domain, limit_on)
                                      WHEN 'complaint' THEN due_on('hotline_closure.complaint.target', domain, limit_on)
                                      WHEN 'report' THEN due_on('hotline_closure.complaint.target', domain, limit_on)
                                      ELSE due_on('hotline_closure.other.target', domain, limit_on) END) END AS extended_on
  FROM limited
)
SELECT d.*, coalesce(day_of(d.closed_at) <= d.due_on, false) AS is_on_time, CAST(NULL AS VARCHAR) AS excluded_because,
       CASE WHEN end_of(d.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (SELECT *, coalesce(extended_on, limit_on) AS due_on FROM extended) AS d
