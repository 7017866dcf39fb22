-- /// population
-- title = "应将是否立案告知举报人的举报"
-- grain = "one report of market regulation"
-- [excluded]
-- anonymous = "匿名举报，没有可告知的人"
-- transferred = "线索已移送有管辖权的机关"
-- [columns]
-- is_told_on_time = "按期告知是否立案"
-- decided_on = "决定是否立案之日"
-- ///
--
-- 市场监管领域的举报。`decided_on`：作出立案或不予立案决定之日，取举报记录和所登记线索两处记录中较早的一个。
-- `due_on`：告知举报人的最后一日（时限 `report_feedback.statutory`），自决定之日起算；尚无决定记录的，自依法应当决定的最后一日起算
-- （`filing.statutory`；线索经批准延长的为 `filing_extended.statutory`，并加检测检验等中止的天数）：
-- 迟迟不决定或者不记录决定，不能使举报退出分母；这一日之前告知了的，也是按期。
-- 匿名举报（没有可以联系的途径，见 `complaint_register`）、线索已移送的，予以剔除。
WITH reports AS (
  SELECT c.unit_id, c.domain, c.record_id, c.source_file, c.source_line, c.received_on, c.is_anonymous, c.decision_told_at,
         coalesce(l.suspended_days, 0) AS suspended_days,
         coalesce(end_of(l.extended_on) <= $as_of, false) AS is_extended,
         coalesce(l.decision = 'transfer' AND l.decision_at < $as_of, false) AS is_transferred,
         day_of(least(CASE WHEN c.filing_decision_at < $as_of THEN c.filing_decision_at END,
                      CASE WHEN l.decision_at < $as_of AND l.decision IN ('file', 'not_file') THEN l.decision_at END)) AS decided_on
  FROM complaint_register AS c
  LEFT JOIN leads AS l ON l.lead_id = c.filed_lead_id
  WHERE c.domain = 'market' AND c.kind = 'report' AND end_of(c.received_on) <= $as_of
),
limited AS (
  SELECT *, due_on('report_feedback.statutory', domain,
                   coalesce(decided_on,
                            CASE WHEN is_extended THEN due_on('filing_extended.statutory', domain, received_on, suspended_days)
                                 ELSE due_on('filing.statutory', domain, received_on, suspended_days) END)) AS due_on,
         CASE WHEN is_anonymous THEN 'anonymous' WHEN is_transferred THEN 'transferred' END AS excluded_because
  FROM reports
)
SELECT unit_id, domain, record_id, source_file, source_line, received_on, decided_on, due_on,
       coalesce(day_of(decision_told_at) <= due_on, false) AS is_told_on_time, excluded_because,
       CASE WHEN excluded_because IS NOT NULL THEN 'excluded' WHEN end_of(due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM limited
