-- /// population
-- title = "应决定是否受理并告知的投诉"
-- grain = "one complaint of market regulation"
-- [excluded]
-- anonymous = "匿名投诉，没有可告知的人"
-- [columns]
-- is_told_on_time = "按期告知是否受理"
-- ///
--
-- 市场监管领域的投诉（12315等部门自收的，以及12345转录的）。没有填写是投诉还是举报的，视为投诉。
-- `due_on`：决定并告知受理或不受理的最后一日（时限 `complaint_acceptance.statutory`），自收到之日起算。
-- 受理、不受理同样计算：法律要求的是告知，不是受理。匿名、也没有可以联系的途径的
-- （`complaint_register` 的 `is_anonymous`），无从告知，予以剔除；填报为匿名、而联系过或者调解过的，照计。
SELECT c.*, CASE WHEN c.excluded_because IS NOT NULL THEN 'excluded' WHEN end_of(c.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT unit_id, domain, record_id, source_file, source_line, received_on, accept_decision_at,
         due_on('complaint_acceptance.statutory', domain, received_on) AS due_on,
         coalesce(day_of(accept_decision_at) <= due_on('complaint_acceptance.statutory', domain, received_on), false) AS is_told_on_time,
         CASE WHEN is_anonymous THEN 'anonymous' END AS excluded_because
  FROM complaint_register
  WHERE domain = 'market' AND coalesce(kind, 'complaint') <> 'report' AND end_of(received_on) <= $as_of
) AS c
