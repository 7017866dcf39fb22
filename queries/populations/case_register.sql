-- /// population
-- title = "行政处罚案件（去除来源已删除的行）"
-- grain = "one penalty case that the source has not deleted"
-- ///
--
-- 各项数据可以计入的案件。来源自行标记为已删除的行留在数据湖备查，不进入任何口径。其他各案件口径都读取本口径。
-- `granted_days`：可以计入法定期限的延长天数，至多为参数 `decision.extension_max`；超出的部分数据中看不出依据，不计。
-- `ended_as`：处理结果；来源没有处理结果的，按“是否不予处罚”标志定为不予处罚或处罚，标志也不能说明的为空。
SELECT c.*, c.case_id AS record_id,
       least(coalesce(c.extension_days, 0), CAST(param('decision.extension_max', c.domain, c.opened_on) AS BIGINT)) AS granted_days,
       coalesce(c.outcome, CASE WHEN c.no_penalty THEN 'no_penalty'
                                WHEN NOT c.no_penalty AND cardinality(c.penalty_kinds) > 0 THEN 'penalty' END) AS ended_as
FROM cases AS c
WHERE c.source_operation IS DISTINCT FROM 'delete'
