-- /// population
-- title = "应按期整改并回访的差评"
-- grain = "one bad rating of an enforcement act"
-- [columns]
-- is_put_right = "按期整改并回访"
-- ///
--
-- `act_ratings` 中的差评。`due_on`：整改并回访的最后一日（时限 `bad_rating_closure.target`），自评价之日起算。
-- `is_put_right`：最后一日之前（含当日）整改完成，并且回访了评价人；只有其中一项的不算。
SELECT b.*, CASE WHEN b.excluded_because IS NOT NULL THEN 'excluded' WHEN end_of(b.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT unit_id, domain, record_id, source_file, source_line, rated_on,
         due_on('bad_rating_closure.target', domain, rated_on) AS due_on,
         coalesce(greatest(day_of(bad_handled_at), day_of(callback_at)) <= due_on('bad_rating_closure.target', domain, rated_on)
                    AND bad_handled_at IS NOT NULL AND callback_at IS NOT NULL, false) AS is_put_right,
         excluded_because
  FROM act_ratings
  WHERE is_bad
) AS b
