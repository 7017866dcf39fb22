-- /// population
-- title = "决定已被改变、应当撤回的处罚公示"
-- grain = "one disclosure of a penalty whose decision was changed, annulled or found unlawful"
-- [columns]
-- changed_by_on = "决定被改变之日"
-- withdrawn_on = "撤回公示之日"
-- ///
--
-- 已经公示、此后决定被变更、撤销、确认违法或者无效的处罚。决定何时被改变，取公示记录自填的（`changed_on`）、
-- 复议诉讼走完后被纠正的（`review_outcomes` 的 `settled_on`）、单位自行改变的（`agency_changed_on`）中最早的一日：
-- 公示记录不填，不能使应当撤回的公示退出分母。
-- `due_on`：撤回的最后一日（`disclosure.withdrawal.statutory`），自决定被改变之日起算；改变以后才公示的，自公示之日起算。
-- 没有剔除项。一件处罚有数条公示的，每条都应撤回。
WITH corrected AS (
  SELECT case_id, min(changed_on) AS changed_on
  FROM (
    SELECT case_id, settled_on AS changed_on FROM review_outcomes WHERE is_corrected
    UNION ALL
    SELECT case_id, agency_changed_on FROM reviews_litigation WHERE agency_changed_on IS NOT NULL
  ) AS changes
  WHERE case_id IS NOT NULL AND end_of(changed_on) <= $as_of
  GROUP BY case_id
),
changed AS (
  SELECT p.unit_id, c.domain, p.record_id, p.source_file, p.source_line, p.case_id, p.published_on, p.withdrawn_on,
         least(CASE WHEN end_of(p.changed_on) <= $as_of THEN p.changed_on END, r.changed_on) AS changed_by_on
  FROM penalty_publications AS p
  JOIN case_register AS c ON c.record_id = p.case_id
  LEFT JOIN corrected AS r ON r.case_id = p.case_id
  WHERE p.published_on IS NOT NULL
)
SELECT s.*, CAST(NULL AS VARCHAR) AS excluded_because, CASE WHEN end_of(s.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT c.*, due_on('disclosure.withdrawal.statutory', c.domain, greatest(c.changed_by_on, c.published_on)) AS due_on
  FROM changed AS c
  WHERE c.changed_by_on IS NOT NULL
) AS s
