-- /// population
-- title = "全部应在检查前备案的涉企检查"
-- grain = "one inspection"
-- [excluded]
-- not_onsite = "书面、线上或非现场检查，没有入企"
-- natural_person = "检查对象是自然人，不是企业"
-- [columns]
-- filed_by = "备案时刻"
-- is_case_driven = "因投诉、交办、突发事件等启动，并已按期备案"
-- ///
--
-- 全部入企检查，不论数据截止日。入企检查应在开始之前备案或批准（`due_at`：开始的时刻）；突发事件检查可在开始后规定小时内补办（`urgent_check_filing.target`）。
-- 检查对象没有统一社会信用代码的，同样应当备案；只有表明是自然人的，才予剔除（见 `inspection_register`）。
-- `filed_by`：该次检查的备案时刻与其计划的备案时刻，取较早的一个。
-- `is_case_driven`：启动原因不是计划（投诉举报、交办、非现场预警、媒体、复查、企业申请、许可、突发事件、执法监督），且按期备案：
-- 启动原因由单位自报，没有备案可查的，不能据此免除别的要求。
SELECT v.*,
       coalesce(v.trigger_kind <> 'plan' AND v.filed_by <= v.due_at, false) AS is_case_driven
FROM (
  SELECT i.unit_id, i.act_domain AS domain, i.record_id, i.source_file, i.source_line, i.enterprise_code, i.trigger_kind, i.began_at,
         i.checked_on, i.kind, i.item_code, i.supervise_item_code, i.plan_id, i.scanned_at, i.merged_visit_id, i.joint_units,
         least(i.filed_at, p.filed_at) AS filed_by,
         CASE WHEN i.trigger_kind = 'emergency' THEN due_at('urgent_check_filing.target', i.act_domain, i.began_at)
              ELSE i.began_at END AS due_at,
         CASE WHEN NOT i.is_onsite THEN 'not_onsite' WHEN i.is_of_person THEN 'natural_person' END AS excluded_because
  FROM inspection_register AS i
  LEFT JOIN (SELECT plan_id, min(filed_at) AS filed_at FROM inspection_plans GROUP BY plan_id) AS p ON p.plan_id = i.plan_id
) AS v
