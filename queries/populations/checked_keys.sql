-- /// population
-- title = "案件和检查的编码"
-- grain = "one case or one inspection"
-- ///
--
-- 截至数据截止日已经发生、已经录入的案件（按 `opened_on`）和检查，及其应核对、有效的编码数：见 `keys_of_all_acts`。没有剔除项。
SELECT *, CAST(NULL AS VARCHAR) AS excluded_because, CASE WHEN end_of(due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM keys_of_all_acts
WHERE end_of(acted_on) <= $as_of AND coalesce(recorded_at < $as_of, true)
