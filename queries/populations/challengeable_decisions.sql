-- /// population
-- title = "可被复议诉讼的处罚决定"
-- grain = "one penalty decision, or decision not to penalise, since the window's first day"
-- ///
--
-- `$from` 以来作出的处罚决定和不予处罚决定（没有处理结果的，视为处罚决定），不论是否被复议、诉讼；以决定之月为一批。
-- `is_corrected`：复议诉讼走完后被纠错（见 `review_outcomes`）。
-- `state` 未到期：复议、诉讼尚有一级未作出结果的。没有剔除项：调解、撤回、和解、自行纠正的，是没有被纠错的决定。
-- 没有对应案件的复议诉讼行，不能归到某一件决定，不在本口径内，只在 `review_outcomes` 内。
WITH challenges AS (
  SELECT case_id, bool_or(is_corrected) AS is_corrected, bool_or(state = 'pending') AS is_open
  FROM review_outcomes
  WHERE case_id IS NOT NULL
  GROUP BY case_id
)
SELECT c.unit_id, c.domain, c.record_id, c.source_file, c.source_line, c.decided_on, coalesce(h.is_corrected, false) AS is_corrected,
       CAST(NULL AS VARCHAR) AS excluded_because,
       CASE WHEN h.is_open THEN 'pending' ELSE 'due' END AS state
FROM case_register AS c
LEFT JOIN challenges AS h ON h.case_id = c.case_id
WHERE coalesce(c.ended_as, 'penalty') NOT IN ('guided', 'transferred', 'withdrawn')
  AND end_of(c.decided_on) > $from AND end_of(c.decided_on) <= $as_of
