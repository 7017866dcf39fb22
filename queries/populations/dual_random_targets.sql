-- /// population
-- title = "双随机抽查计划内的对象"
-- grain = "one planned target of a random-draw plan"
-- [columns]
-- is_covered = "已按期检查并公布"
-- ///
--
-- 到期日在统计期内的双随机计划（单部门、部门联合）所列的检查对象，见 `planned_targets`：有一次按期检查并公布即为覆盖。
-- `is_covered`：在计划到期日或之前依计划检查，且自检查起在 `dual_random_publish.target` 时限内公布结果。
-- `state` 未到期：计划尚未到期的；已按期检查、尚待公布而公布时限未满的。
-- 检查人员是否也随机选派，从数据中看不出来。
-- 没有剔除项：特殊行业的计划（不适用随机抽查，优化营商环境条例第54条）不是双随机计划，不在本口径内。
SELECT unit_id, domain, record_id, source_file, source_line, plan_id, target, due_on, checked_on, published_on,
       coalesce(published_on <= publish_by, false) AS is_covered,
       CAST(NULL AS VARCHAR) AS excluded_because,
       CASE WHEN end_of(due_on) > $as_of THEN 'pending'
            WHEN published_on IS NULL AND end_of(publish_by) > $as_of THEN 'pending'
            ELSE 'due' END AS state
FROM planned_targets
WHERE kind IN ('random_single', 'random_joint') AND end_of(due_on) > $from
