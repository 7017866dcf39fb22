-- /// population
-- title = "应当公示的行政处罚决定及其公示"
-- grain = "one penalty decided by the as-of date"
-- [excluded]
-- exempt = "标明依法不予公示并写明理由"
-- no_decision_date = "没有决定日期，公示期限无从起算"
-- [columns]
-- done_on = "公示（交由登记地公示）之日"
-- ///
--
-- 截至数据截止日已作出的行政处罚决定（见 `decided_penalties`），不论公示平台有没有它的公示记录：从未报送公示的，只有案件能表明。
-- `due_on`：公示的最后一日（`disclosure.penalty.statutory`），自决定之日起算；来源所填的应公示日期只供比对。
-- `is_elsewhere`：市场监管领域、当事人登记地在外省的：本单位应在 `disclosure.penalty_handover.statutory` 时限内推送登记地；
-- 登记地公示的期限不是本单位的责任。登记地以统一社会信用代码为准；没有代码的，视为在本省。
-- `done_on`：公示之日；登记地在外省的，为推送与公示中较早的一日。有数条公示的，以最早的为准。
-- 已经公示的，不论是否标明不予公示，都按公示计。没有决定日期的，按自最早记录的日期起算的公示期限确定月份。
WITH published AS (
  SELECT case_id, min(published_on) AS published_on, min(handed_over_on) AS handed_over_on, bool_or(is_exempt) AS is_exempt
  FROM penalty_publications
  GROUP BY case_id
),
decisions AS (
  SELECT c.unit_id, c.domain, c.record_id, c.source_file, c.source_line, c.decided_on, c.counted_on,
         p.published_on, p.handed_over_on, coalesce(p.is_exempt, false) AS is_exempt,
         coalesce(c.domain = 'market' AND substr(c.party_region, 1, 2) <> substr(c.unit_region, 1, 2), false) AS is_elsewhere
  FROM decided_penalties AS c
  LEFT JOIN published AS p ON p.case_id = c.record_id
)
SELECT s.*, CASE WHEN s.excluded_because IS NOT NULL THEN 'excluded' WHEN end_of(s.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT d.*,
         CASE WHEN d.is_elsewhere THEN due_on('disclosure.penalty_handover.statutory', d.domain, d.counted_on)
              ELSE due_on('disclosure.penalty.statutory', d.domain, d.counted_on) END AS due_on,
         CASE WHEN d.is_elsewhere THEN least(d.handed_over_on, d.published_on) ELSE d.published_on END AS done_on,
         CASE WHEN d.decided_on IS NULL THEN 'no_decision_date'
              WHEN d.is_exempt AND d.published_on IS NULL THEN 'exempt' END AS excluded_because
  FROM decisions AS d
) AS s
