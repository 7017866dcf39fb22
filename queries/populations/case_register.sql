-- /// population
-- title = "行政处罚案件（去除来源已删除的行）"
-- grain = "one penalty case that the source has not deleted"
-- ///
--
-- 各项数据可以计入的案件。来源自行标记为已删除的行留在数据湖备查，不进入任何口径。其他各案件口径都读取本口径。
-- `granted_days`：可以计入法定期限的延长天数，至多为参数 `decision.extension_max`；超出的部分数据中看不出依据，不计。
-- `within_simple_cap`：罚款不超过简易程序的上限：自然人、个体工商户〔待确认〕、当事人类别不明的，依 `simple.fine_cap.person`，组织依
--   `simple.fine_cap.organisation`；只作上限，不作加分；没有记录金额的罚款，不能证明在上限之内。
-- `mild_kinds`：没有处罚，或者只有警告、通报批评、罚款。
-- `ended_as`：处理结果；来源没有处理结果的：标志“是否不予处罚”为是的，为不予处罚；为否而又记有处罚种类的，为处罚（没有决定的案件，标志通常也为否）；
--   其余为空。
SELECT c.*, c.case_id AS record_id,
       least(coalesce(c.extension_days, 0), CAST(param('decision.extension_max', c.domain, c.opened_on) AS BIGINT)) AS granted_days,
       coalesce(c.fine_amount <= CASE WHEN c.party_kind = 'org' THEN param('simple.fine_cap.organisation', c.domain, c.decided_on)
                                      ELSE param('simple.fine_cap.person', c.domain, c.decided_on) END,
                NOT array_has(c.penalty_kinds, 'fine'), true) AS within_simple_cap,
       coalesce(coalesce(c.outcome, CASE WHEN c.no_penalty THEN 'no_penalty' END) IN ('no_penalty', 'guided', 'no_fact'), false)
         OR coalesce(cardinality(array_except(c.penalty_kinds, make_array('warning', 'criticism', 'fine'))) = 0, false) AS mild_kinds,
       coalesce(c.outcome, CASE WHEN c.no_penalty THEN 'no_penalty'
                                WHEN NOT c.no_penalty AND cardinality(c.penalty_kinds) > 0 THEN 'penalty' END) AS ended_as
FROM cases AS c
WHERE c.source_operation IS DISTINCT FROM 'delete'
