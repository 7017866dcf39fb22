-- /// population
-- title = "程序已经终了、应当结案的案件"
-- grain = "one penalty case not under the simple procedure whose proceedings ended by the as-of date"
-- [excluded]
-- no_end_date = "已结案而没有执行完毕、终止或移送的日期，时限无从起算"
-- [columns]
-- ended_on = "程序终了之日"
-- ///
--
-- `ended_on`：程序终了之日。处罚：执行完毕之日；只有警告、通报批评的，没有执行日期时为送达之日。不予处罚、违法事实不成立、行政指导、撤案：决定之日。
-- 移送：移送之日，没有的为决定之日。没有处理结果的，视为处罚。处罚尚未执行完毕又没有结案的，程序没有终了，不在本口径内。
-- `due_on`：结案审批的最后一日（`closing.statutory`），自 `ended_on` 起算。没有终了日期而已结案的予以剔除，其 `due_on` 为结案之日，只用于确定月份。
SELECT e.*, CASE WHEN e.excluded_because IS NOT NULL THEN 'excluded' WHEN end_of(e.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT d.*, coalesce(due_on('closing.statutory', d.domain, d.ended_on), d.closed_on) AS due_on,
         CASE WHEN d.ended_on IS NULL THEN 'no_end_date' END AS excluded_because
  FROM (
    SELECT c.unit_id, c.domain, c.record_id, c.source_file, c.source_line, c.ended_as, s.closed_on,
           CASE WHEN coalesce(c.ended_as, 'penalty') = 'penalty'
                  THEN coalesce(s.performed_on,
                                CASE WHEN cardinality(c.penalty_kinds) > 0 AND cardinality(array_except(c.penalty_kinds, make_array('warning', 'criticism'))) = 0
                                     THEN s.delivered_on END)
                WHEN c.ended_as = 'transferred'
                  THEN coalesce(CASE WHEN c.transferred_at < $as_of THEN day_of(c.transferred_at) END,
                                CASE WHEN end_of(c.decided_on) <= $as_of THEN c.decided_on END)
                WHEN end_of(c.decided_on) <= $as_of THEN c.decided_on END AS ended_on
    FROM case_register AS c
    JOIN case_steps AS s ON s.case_id = c.case_id
    WHERE coalesce(c.procedure, 'ordinary') <> 'simple' AND end_of(c.opened_on) <= $as_of
  ) AS d
) AS e
WHERE e.ended_on IS NOT NULL OR e.closed_on IS NOT NULL
