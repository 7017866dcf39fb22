-- /// population
-- title = "已作出处理的案件及其处理方式"
-- grain = "one penalty case that has ended with a decision or with guidance"
-- [excluded]
-- no_fact = "违法事实不成立，谈不上从宽"
-- transferred = "已移送其他机关"
-- withdrawn = "已撤案"
-- life_health_finance = "食品药品案件，涉及生命健康，不要求适用柔性执法"
-- outcome_unknown = "没有处理结果，也没有注明是否不予处罚"
-- [columns]
-- is_flexible = "适用柔性执法"
-- ///
--
-- 截至数据截止时点已作出决定的案件（没有决定书的行政指导，为已结案的案件）。`ended_on` 决定计入的月份。
-- `is_flexible`：以行政指导或责令改正代替处罚的；不予处罚且有教育记录的；仅予警告或通报批评的。依处罚种类认定，从不依金额。
-- 是否食品药品案件：所涉事项在事项清单内的，依清单（`item_kinds`）；清单内没有的、清单没有填写的，依自报。
-- “双公示”数据没有处理结果：该处只公示处罚。
SELECT c.*, CASE WHEN c.excluded_because IS NOT NULL THEN 'excluded' ELSE 'due' END AS state
FROM (
  SELECT c.unit_id, c.domain, c.record_id, c.source_file, c.source_line, c.ended_as,
         coalesce(c.decided_on, c.closed_on) AS ended_on,
         CASE c.ended_as
           WHEN 'guided'     THEN true
           WHEN 'no_penalty' THEN c.education_recorded
           WHEN 'penalty'    THEN coalesce(cardinality(c.penalty_kinds) > 0
                                           AND cardinality(array_except(c.penalty_kinds, make_array('warning', 'criticism'))) = 0, false)
           ELSE false END AS is_flexible,
         CASE WHEN c.ended_as IN ('no_fact', 'transferred', 'withdrawn') THEN c.ended_as
              WHEN c.ended_as IS NULL THEN 'outcome_unknown'
              WHEN coalesce(i.is_food_drug OR k.is_food_drug, i.is_food_drug, k.is_food_drug, c.is_food_drug, false) THEN 'life_health_finance' END AS excluded_because
  FROM case_register AS c
  LEFT JOIN item_kinds AS i ON i.item_code = c.item_code
  LEFT JOIN item_kinds AS k ON k.item_code = c.supervise_item_code
  WHERE end_of(coalesce(c.decided_on, c.closed_on)) <= $as_of
) AS c
