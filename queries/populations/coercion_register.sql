-- /// population
-- title = "行政强制（去除来源已删除的行）"
-- grain = "one coercive measure or one act of coercive execution that the source has not deleted"
-- [columns]
-- began_at = "实施的时刻"
-- ///
--
-- 各项数据可以计入的行政强制，以及数个口径共同需要的各列：
-- `act_domain`：行为的领域；来源没有填写的，为所属案件的领域；没有案件的，为其他（other）。
-- `is_execution`：强制执行；没有填写种类、但有强制执行类型或者执行时刻的，也是强制执行。其余为强制措施。
-- `began_at`：实施（执行）的时刻；来源只有日期的（零时零分零秒），视为没有时刻。
-- 来源自行标记为已删除的行，不进入任何口径。
SELECT m.*, m.measure_id AS record_id,
       coalesce(m.domain, c.domain, 'other') AS act_domain,
       coalesce(m.kind = 'execute', m.execution_kind IS NOT NULL OR m.executed_at IS NOT NULL) AS is_execution,
       coalesce(CASE WHEN m.executed_at > end_of(day_of(m.executed_at) - 1) THEN m.executed_at END,
                CASE WHEN m.started_at > end_of(day_of(m.started_at) - 1) THEN m.started_at END) AS began_at
FROM coercive_measures AS m
LEFT JOIN (SELECT case_id, min(domain) AS domain FROM case_register GROUP BY case_id) AS c ON c.case_id = m.case_id
WHERE m.source_operation IS DISTINCT FROM 'delete'
