-- /// population
-- title = "计划内的联合执法行动"
-- grain = "one action that a plan of joint actions promised"
-- [columns]
-- is_done = "已按期完成"
-- ///
--
-- 联合执法行动计划中的每一次行动；没有填写次数的计划，为一次。
-- `is_done`：计划的各次行动依次由依该计划、在到期日或之前、计划备案之后开展的行动填入；超出计划的行动不计。
-- 有效的行动须有两个以上单位各自在本单位系统中有记录；只有牵头单位知道的，不算。
-- 截止之后才备案的计划，当时还不知道，不在本口径内。没有剔除项。
WITH plans AS (
  SELECT plan_id, unit_id, coalesce(domain, 'other') AS act_domain, source_file, source_line, due AS due_on,
         unnest(range(1, coalesce(planned_targets, 1) + 1)) AS place
  FROM inspection_plans
  WHERE kind = 'joint_action' AND coalesce(filed_at < $as_of, true)
),
actions AS (
  SELECT j.plan_id, count(*) AS done
  FROM joint_patrols AS j
  JOIN inspection_plans AS p ON p.plan_id = j.plan_id
  JOIN (
    SELECT patrol_id
    FROM joint_patrol_participants
    WHERE recorded_own_system AND coalesce(confirmed_at < $as_of, true)
    GROUP BY patrol_id
    HAVING count(DISTINCT unit_id) >= 2
  ) AS v ON v.patrol_id = j.patrol_id
  WHERE j.patrolled_on <= p.due AND coalesce(j.patrolled_on >= day_of(p.filed_at), true) AND end_of(j.patrolled_on) <= $as_of
  GROUP BY j.plan_id
)
SELECT p.unit_id, p.act_domain AS domain, p.plan_id || ' / ' || CAST(p.place AS VARCHAR) AS record_id, p.source_file, p.source_line, p.plan_id, p.due_on,
       coalesce(p.place <= a.done, false) AS is_done,
       CAST(NULL AS VARCHAR) AS excluded_because, CASE WHEN end_of(p.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM plans AS p
LEFT JOIN actions AS a ON a.plan_id = p.plan_id
