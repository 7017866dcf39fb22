-- /// population
-- title = "本期作出决定的案件及其办理天数"
-- grain = "one penalty case not under the simple procedure, decided since the window's first day"
-- [excluded]
-- transferred = "已移送其他机关"
-- withdrawn = "已撤案"
-- no_filing_date = "没有立案日期，天数无从计算"
-- decided_before_filing = "决定日期早于立案日期，天数无从计算"
-- [columns]
-- working_days = "办理工作日数"
-- ///
--
-- `$from` 以来作出决定的案件（见 `ordinary_cases`）。`due_on`：决定之日。
-- `working_days`：立案次日至决定之日的工作日数，减去中止期间（合并后，见 `case_suspension_spells`）的工作日数。延长不是中止，不减。
-- 只看得到已作出决定的案件：久拖未决的不在其中，由 `county.backlog_rate` 反映。
WITH suspended AS (
  SELECT case_id, sum(workdays_between(spell_from - 1, spell_to)) AS working_days
  FROM case_suspension_spells
  GROUP BY case_id
)
SELECT d.*, CASE WHEN d.excluded_because IS NOT NULL THEN 'excluded' ELSE 'due' END AS state
FROM (
  SELECT c.unit_id, c.domain, c.record_id, c.source_file, c.source_line, c.filed_on, c.decided_on, c.decided_on AS due_on,
         CASE WHEN c.filed_on <= c.decided_on THEN workdays_between(c.filed_on, c.decided_on) - coalesce(s.working_days, 0) END AS working_days,
         coalesce(c.left_as, c.excluded_because, CASE WHEN c.decided_on < c.filed_on THEN 'decided_before_filing' END) AS excluded_because
  FROM ordinary_cases AS c
  LEFT JOIN suspended AS s ON s.case_id = c.record_id
  WHERE end_of(c.decided_on) > $from AND end_of(c.decided_on) <= $as_of
) AS d
