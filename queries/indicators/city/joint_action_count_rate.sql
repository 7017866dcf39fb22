-- /// indicator
-- title = "联合执法行动完成率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["city"]
-- basis = "浙江省综合行政执法条例第11条至第13条（跨部门、跨区域、跨层级协作，联合执法）；本系统补充"
-- ///
--
-- 期限已到的联合执法行动计划所列行动中，按期完成的比例，按计划到期的月份计；超出计划的行动不加分。
-- 计划备案之后、到期日或之前开展，且两个以上单位各自有记录的，才算完成。没有剔除项。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_done) AS numerator,
       count(*) FILTER (WHERE state = 'due')             AS denominator,
       count(*) FILTER (WHERE state = 'pending')         AS pending
FROM planned_joint_actions
GROUP BY 1, 2, 3
