-- /// population
-- title = "查封、扣押、冻结及其法定期限"
-- grain = "one coercive measure that began by the as-of date"
-- [excluded]
-- other_measure = "其他种类的强制措施，没有统一的法定期限"
-- [columns]
-- ended_on = "解除或者作出处理决定之日"
-- is_vehicle = "扣押的是车辆"
-- ///
--
-- 截至数据截止日已经实施的强制措施（不含强制执行）；没有填写种类的，视为查封、扣押：种类缺漏不使其退出分母。
-- `due_on`：期限的最后一日（`seizure.statutory`，30日），自实施之日起算，加检测、检验、检疫、技术鉴定的天数；
-- 在期限内批准延长的，为 `seizure_extended.statutory`（共60日）；期限届满以后才批准的延长不算，已过的期限不恢复。
-- 决定书载明的期限（`ends_on`、`extended_to`）只供比对，以时限为准。
-- `ended_on`：解除（`released_at`）与作出处理决定（`handled_at`）中较早的一日。
SELECT s.*, CASE WHEN s.excluded_because IS NOT NULL THEN 'excluded'
                 WHEN end_of(s.due_on) <= $as_of THEN 'due'
                 ELSE 'pending' END AS state
FROM (
  SELECT b.unit_id, b.domain, b.record_id, b.source_file, b.source_line, b.kind, b.is_vehicle, b.started_on, b.ended_on, b.excluded_because,
         CASE WHEN b.extension_approved_on <= b.first_due_on AND end_of(b.extension_approved_on) <= $as_of
              THEN due_on('seizure_extended.statutory', b.domain, b.started_on, b.testing_days)
              ELSE b.first_due_on END AS due_on
  FROM (
    SELECT m.unit_id, m.act_domain AS domain, m.record_id, m.source_file, m.source_line, m.kind, m.started_on, m.extension_approved_on,
           coalesce(m.kind = 'vehicle', false) AS is_vehicle,
           greatest(coalesce(m.testing_days, 0), 0) AS testing_days,
           due_on('seizure.statutory', m.act_domain, m.started_on, greatest(coalesce(m.testing_days, 0), 0)) AS first_due_on,
           least(CASE WHEN m.released_at < $as_of THEN day_of(m.released_at) END,
                 CASE WHEN m.handled_at < $as_of THEN day_of(m.handled_at) END) AS ended_on,
           CASE WHEN m.kind = 'other' THEN 'other_measure' END AS excluded_because
    FROM coercion_register AS m
    WHERE NOT m.is_execution AND end_of(m.started_on) <= $as_of
  ) AS b
) AS s
