-- /// population
-- title = "由共同上级协调的管辖争议"
-- grain = "one dispute over jurisdiction"
-- [excluded]
-- settled_by_talks = "未报请上级，双方在协商期限内自行解决"
-- ///
--
-- 截止前提出的管辖争议，归负责协调的共同上级。
-- `due_on`：`dispute_superior.statutory` 的最后一日，自报请之日起算；没有报请日期的，自协商期限（`dispute_talks.statutory`）的最后一日起算：
-- 协商不成就应由上级指定，不因没有填写报请日期退出分母。
-- 双方在协商期限内自行解决、没有由上级指定的，上级没有责任，予以剔除。
SELECT r.*, CASE WHEN r.excluded_because IS NOT NULL THEN 'excluded'
                 WHEN end_of(r.due_on) <= $as_of THEN 'due'
                 ELSE 'pending' END AS state
FROM (
  SELECT d.unit_id, d.domain, d.record_id, d.source_file, d.source_line, d.raised_on, d.escalated_on, d.settled_on,
         due_on('dispute_superior.statutory', d.domain, coalesce(d.escalated_on, d.talks_end_on)) AS due_on,
         CASE WHEN d.escalated_on IS NULL AND d.decided_by IS NULL AND d.settled_on <= d.talks_end_on THEN 'settled_by_talks' END AS excluded_because
  FROM (
    SELECT unit_id, coalesce(domain, 'other') AS domain, dispute_id AS record_id, source_file, source_line, raised_on, decided_by,
           CASE WHEN end_of(escalated_on) <= $as_of THEN escalated_on END AS escalated_on,
           CASE WHEN end_of(settled_on) <= $as_of THEN settled_on END AS settled_on,
           due_on('dispute_talks.statutory', coalesce(domain, 'other'), raised_on) AS talks_end_on
    FROM jurisdiction_disputes
    WHERE end_of(raised_on) <= $as_of
  ) AS d
) AS r
