-- /// population
-- title = "案件和检查的必填字段"
-- grain = "one case or one inspection"
-- [columns]
-- required_fields = "应填字段数"
-- filled_fields = "已填字段数"
-- missing_fields = "缺少的字段"
-- ///
--
-- 截至数据截止日已经发生、已经录入的案件（按 `opened_on`）和检查，及其应填、已填的字段数。应填字段取自“互联网+监管”行为数据的必填项：
-- 案件：区划、案件来源、事项编码、当事人性质、当事人代码、当事人名称、违法行为、处罚程序、执法人员；
--   不是简易程序的，另有立案日期；已作出决定（或者已结案而没有移送、撤案）的，另有决定日期、决定书文号、处理结果、处罚依据；给予处罚的，另有处罚种类。
-- 检查：区划、事项编码、检查对象名称、检查对象性质、检查对象代码、检查形式、检查类别、检查时刻、检查人员、检查结果。
-- 几列可以互相替代的（清单编码、监管事项目录编码、检查实施清单编码；信用代码、当事人代码；姓名、证号），有一列即为已填。
-- 主体、领域、主键、日期缺失的行，装载时已经隔离，不在任何口径之内。字段以装载时的内容为准。
-- `due_on`：录入的最后一日（时限 `data_entry.target`，自决定之日，没有决定的自 `opened_on`，检查自检查之日起）。没有剔除项。
WITH acts AS (
  SELECT 'cases' AS source_table, unit_id, domain, record_id, source_file, source_line,
         CASE WHEN end_of(decided_on) <= $as_of THEN decided_on ELSE opened_on END AS counted_from,
         9 + CASE WHEN coalesce(procedure, 'ordinary') <> 'simple' THEN 1 ELSE 0 END
           + CASE WHEN needs_decision THEN 4 ELSE 0 END
           + CASE WHEN needs_decision AND ended_as = 'penalty' THEN 1 ELSE 0 END AS required_fields,
         concat_ws('、',
           CASE WHEN region_code IS NULL THEN '区划' END,
           CASE WHEN case_source IS NULL THEN '案件来源' END,
           CASE WHEN coalesce(item_code, supervise_item_code) IS NULL THEN '事项编码' END,
           CASE WHEN party_kind IS NULL THEN '当事人性质' END,
           CASE WHEN coalesce(credit_code, party_code) IS NULL THEN '当事人代码' END,
           CASE WHEN party_name_masked IS NULL THEN '当事人名称' END,
           CASE WHEN coalesce(violation_type, illegal_fact) IS NULL THEN '违法行为' END,
           CASE WHEN procedure IS NULL THEN '处罚程序' END,
           CASE WHEN coalesce(cardinality(officers), 0) + coalesce(cardinality(officer_certificates), 0) = 0 THEN '执法人员' END,
           CASE WHEN coalesce(procedure, 'ordinary') <> 'simple' AND filed_on IS NULL THEN '立案日期' END,
           CASE WHEN needs_decision AND decided_on IS NULL THEN '决定日期' END,
           CASE WHEN needs_decision AND decision_no IS NULL THEN '决定书文号' END,
           CASE WHEN needs_decision AND ended_as IS NULL THEN '处理结果' END,
           CASE WHEN needs_decision AND punish_accord IS NULL THEN '处罚依据' END,
           CASE WHEN needs_decision AND ended_as = 'penalty' AND coalesce(cardinality(penalty_kinds), 0) = 0 THEN '处罚种类' END) AS missing_fields
  FROM (SELECT *, coalesce(ended_as, '') NOT IN ('transferred', 'withdrawn')
                  AND coalesce(end_of(decided_on) <= $as_of OR end_of(closed_on) <= $as_of, false) AS needs_decision
        FROM case_register) AS c
  WHERE end_of(opened_on) <= $as_of AND coalesce(created_at < $as_of, true)
  UNION ALL
  SELECT 'inspections', unit_id, act_domain, record_id, source_file, source_line, checked_on, 10,
         concat_ws('、',
           CASE WHEN region_code IS NULL THEN '区划' END,
           CASE WHEN coalesce(item_code, supervise_item_code, check_item_code) IS NULL THEN '事项编码' END,
           CASE WHEN coalesce(object_name, party_name) IS NULL THEN '检查对象名称' END,
           CASE WHEN party_kind IS NULL THEN '检查对象性质' END,
           CASE WHEN coalesce(credit_code, party_code) IS NULL THEN '检查对象代码' END,
           CASE WHEN form IS NULL THEN '检查形式' END,
           CASE WHEN kind IS NULL THEN '检查类别' END,
           CASE WHEN checked_from IS NULL THEN '检查时刻' END,
           CASE WHEN coalesce(cardinality(officers), 0) + coalesce(cardinality(officer_certificates), 0) + coalesce(cardinality(officer_names), 0) = 0
                THEN '检查人员' END,
           CASE WHEN result IS NULL THEN '检查结果' END)
  FROM inspection_register
  WHERE end_of(checked_on) <= $as_of AND coalesce(created_at < $as_of, true)
),
counted AS (
  SELECT *, due_on('data_entry.target', domain, counted_from) AS due_on,
         required_fields - CASE WHEN missing_fields = '' THEN 0
                                ELSE character_length(missing_fields) - character_length(replace(missing_fields, '、', '')) + 1 END AS filled_fields
  FROM acts
)
SELECT *, CAST(NULL AS VARCHAR) AS excluded_because, CASE WHEN end_of(due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM counted
