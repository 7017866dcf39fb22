-- /// population
-- title = "全部12345热线工单（按内容判断是否与行政执法有关）"
-- grain = "one 12345 order"
-- [columns]
-- about_enforcement = "与行政执法有关（按工单内容认定）"
-- decided_by = "认定的依据"
-- is_about_livelihood = "民生设施维护类"
-- ///
--
-- 工单本身能够说明的，不论数据截止日：各截止日都一样，供 `hotline_register` 读取，认定的次序见该口径。
-- `speaks_of_attitude`：反映态度或者未作说明；类型没有填写或者为其他的，看内容是否如此反映。
WITH categories AS (
  SELECT category_code, about_enforcement, coalesce(is_livelihood = 'yes', false) AS is_livelihood
  FROM hotline_categories
),
judged AS (
  SELECT o.*, o.order_id AS record_id, coalesce(o.domain, 'other') AS act_domain,
         coalesce(o.called_at, o.created_at, end_of(o.created_on) - INTERVAL '1 second') AS began_at,
         coalesce(o.is_enforcement, false) AS declared,
         coalesce(f.about_enforcement, g.about_enforcement, 'depends') AS category_says,
         coalesce(f.is_livelihood, false) OR coalesce(o.is_livelihood, false)
           OR coalesce(regexp_like(o.content, '路灯|井盖|窨井|垃圾清运|垃圾桶|公厕'), false) AS is_about_livelihood,
         CASE WHEN o.linked_case_id IS NOT NULL OR o.linked_inspection_id IS NOT NULL THEN 'linked'
              WHEN o.sub_kind IN ('attitude', 'no_explanation', 'delay', 'unfair', 'corruption') THEN 'sub_kind'
              WHEN regexp_like(o.content, '执法|处罚|罚款|查处|查封|扣押|没收') THEN 'content'
              WHEN coalesce(f.about_enforcement, g.about_enforcement, 'depends') <> 'depends' THEN 'category'
              ELSE 'declared' END AS decided_by
  FROM hotline_orders AS o
  LEFT JOIN categories AS f ON f.category_code = substr(o.category_code, 1, 4)
  LEFT JOIN categories AS g ON g.category_code = substr(o.category_code, 1, 2)
)
SELECT *, CASE decided_by WHEN 'declared' THEN declared WHEN 'category' THEN category_says = 'yes' ELSE true END AS about_enforcement,
       coalesce(sub_kind IN ('attitude', 'no_explanation'), false)
         OR (coalesce(sub_kind, 'other') = 'other'
             AND coalesce(regexp_like(content, '态度(粗暴|恶劣|蛮横|生硬)|(粗暴|野蛮|暴力)执法|(未|没有|没)(说明|告知)'), false)) AS speaks_of_attitude
FROM judged
