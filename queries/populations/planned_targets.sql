-- /// population
-- title = "检查计划所列的对象"
-- grain = "one planned target of one inspection plan"
-- ///
--
-- 各检查计划（联合执法行动除外：它计划的是行动，不是对象）所列的检查对象：名单上的对象各为一行，重复列出的只为一行；
-- 只写数量的计划，有多少数量即有多少名额，由依该计划检查的企业填入：先按期公布的，再待公布的，再其余的，各按检查先后。
-- 对象依计划检查过数次的，同样选取：`checked_on`、`published_on` 取其中最好的一次。
-- `checked_on`：在计划到期日或之前依计划检查之日；空为没有检查。`publish_by`：自该次检查起公布结果的最后一日（时限 `dual_random_publish.target`）。
WITH plans AS (
  SELECT plan_id, unit_id, coalesce(domain, 'other') AS domain, source_file, source_line, kind, due AS due_on, targets, planned_targets
  FROM inspection_plans
  WHERE coalesce(kind, '') <> 'joint_action'
),
checks AS (
  SELECT plan_id, target, min(standing) AS standing, first_value(published_on ORDER BY standing, checked_on, record_id) AS published_on,
         first_value(checked_on ORDER BY standing, checked_on, record_id) AS checked_on,
         first_value(publish_by ORDER BY standing, checked_on, record_id) AS publish_by
  FROM (
    SELECT *, CASE WHEN coalesce(published_on <= publish_by, false) THEN 1
                   WHEN published_on IS NULL AND end_of(publish_by) > $as_of THEN 2
                   ELSE 3 END AS standing
    FROM (
      SELECT i.plan_id, i.enterprise_code AS target, i.record_id, i.checked_on,
             CASE WHEN i.published_at < $as_of THEN day_of(i.published_at) END AS published_on,
             due_on('dual_random_publish.target', p.domain, i.checked_on) AS publish_by
      FROM inspection_register AS i
      JOIN plans AS p ON p.plan_id = i.plan_id
      WHERE i.enterprise_code IS NOT NULL AND i.checked_on <= p.due_on AND end_of(i.checked_on) <= $as_of
    ) AS v
  ) AS j
  GROUP BY plan_id, target
),
placed AS (
  SELECT c.*, row_number() OVER (PARTITION BY c.plan_id ORDER BY c.standing, c.checked_on, c.target) AS place
  FROM checks AS c
  JOIN plans AS p ON p.plan_id = c.plan_id
  WHERE coalesce(cardinality(p.targets), 0) = 0
),
targets AS (
  SELECT t.*, c.checked_on, c.published_on, c.publish_by
  FROM (SELECT *, unnest(array_distinct(targets)) AS target FROM plans WHERE cardinality(targets) > 0) AS t
  LEFT JOIN checks AS c ON c.plan_id = t.plan_id AND c.target = t.target
  UNION ALL
  SELECT t.plan_id, t.unit_id, t.domain, t.source_file, t.source_line, t.kind, t.due_on, t.targets, t.planned_targets,
         coalesce(c.target, CAST(t.place AS VARCHAR)), c.checked_on, c.published_on, c.publish_by
  FROM (SELECT *, unnest(range(1, planned_targets + 1)) AS place FROM plans WHERE coalesce(cardinality(targets), 0) = 0) AS t
  LEFT JOIN placed AS c ON c.plan_id = t.plan_id AND c.place = t.place
)
SELECT unit_id, domain, plan_id || ' / ' || target AS record_id, source_file, source_line, plan_id, kind, target, due_on,
       checked_on, published_on, publish_by
FROM targets
