-- /// population
-- title = "应在目标时限内调查终结的案件"
-- grain = "one penalty case not under the simple procedure, opened by the as-of date"
-- [excluded]
-- transferred = "调查时限届满以前已移送其他机关"
-- withdrawn = "调查时限届满以前已撤案"
-- no_filing_date = "没有立案日期，时限无从起算"
-- ///
--
-- `due_on`：调查终结的目标时限（`investigation.target`）的最后一日，自立案起算，加应扣除的天数（`case_excluded_days`）；办案期限的延长不改变目标时限。
-- `investigated_on`：调查终结之日，见 `case_steps`。
-- 时限届满以前（含当日）移送、撤案的，或者移送、撤案没有日期的，予以剔除；届满以后才移送、撤案的，不能免责。
-- 没有立案日期的，在此列出；其 `due_on` 自 `opened_on` 推算，只用于确定月份。
SELECT c.*, CASE WHEN c.excluded_because IS NOT NULL THEN 'excluded' WHEN end_of(c.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT d.*, CASE WHEN d.ended_as IN ('transferred', 'withdrawn') AND coalesce(d.left_on <= d.due_on AND end_of(d.left_on) <= $as_of, d.left_on IS NULL)
                     THEN d.ended_as
                   WHEN d.filed_on IS NULL THEN 'no_filing_date' END AS excluded_because
  FROM (
    SELECT c.unit_id, c.domain, c.record_id, c.source_file, c.source_line, c.ended_as, c.filed_on, s.investigated_on,
           least(c.decided_on, c.closed_on, day_of(c.transferred_at)) AS left_on,
           due_on('investigation.target', c.domain, c.opened_on, coalesce(x.investigation_days, 0)) AS due_on
    FROM case_register AS c
    JOIN case_steps AS s ON s.case_id = c.case_id
    LEFT JOIN case_excluded_days AS x ON x.case_id = c.case_id
    WHERE coalesce(c.procedure, 'ordinary') <> 'simple' AND end_of(c.opened_on) <= $as_of
  ) AS d
) AS c
