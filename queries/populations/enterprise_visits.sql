-- /// population
-- title = "应在检查前备案的涉企检查"
-- grain = "one inspection"
-- ///
--
-- 截至数据截止日已经实施的入企检查，及其备案：见 `visits_of_all_dates`。
SELECT *, CASE WHEN excluded_because IS NOT NULL THEN 'excluded' WHEN due_at <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM visits_of_all_dates
WHERE end_of(checked_on) <= $as_of
