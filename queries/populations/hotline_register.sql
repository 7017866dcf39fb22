-- /// population
-- title = "12345热线工单（判断是否与行政执法有关）"
-- grain = "one 12345 order"
-- [columns]
-- about_enforcement = "与行政执法有关（按工单内容认定）"
-- decided_by = "认定的依据"
-- declaration_differs = "与来源填报的不一致"
-- may_be_enforcement = "没有其他依据，仅凭自报认定与执法无关"
-- is_about_livelihood = "民生设施维护类"
-- is_about_attitude = "反映态度或者未作说明"
-- is_justified = "诉求合理（按处理情况认定）"
-- reasonableness_differs = "认定为不合理而查有实据"
-- ///
--
-- 各项热线数据共同需要的各列。是否与行政执法有关，由工单的内容认定，来源填报的 `is_enforcement` 只作比对，依次看（`decided_by`）：
-- linked：关联了案件或者检查的，有关；
-- sub_kind：反映的是态度、未说明、拖延、不公、廉洁的，有关（“其他”不能说明问题）；
-- content：诉求内容提到执法、处罚、罚款、查处、查封、扣押、没收的，有关；
-- category：诉求分类本身就能说明有关或者无关的，依分类（先看前四位，再看前两位；分类表见 reference/hotline_categories.csv）；
-- declared：以上都不能说明的，依来源填报。此时填报无关、而诉求性质为投诉、举报或者没有填写的，为 `may_be_enforcement`：
-- 填报的人可能是受考核的单位，读取本口径的各口径把这样的工单列为剔除，不使其消失。
-- `is_about_livelihood`：民生设施维护类（路灯、井盖、垃圾清运等）：分类属于此类，或者内容提到这些设施，或者来源填报为此类。
-- `is_about_attitude`：类型为态度、未说明；类型没有填写或者为其他的，看内容是否如此反映。
-- `is_justified`：诉求合理。没有认定的（包括尚未办结的），视为合理；认定为不合理，而来电当日或其后立案、
--   没有查明“无违法事实”的，或者检查查出问题的，查有实据（反映执法态度、未作说明、不公、廉洁的除外：所关联的是被投诉的行为），同样视为合理，并为 `reasonableness_differs`：把查实的诉求认定为不合理，不能使其退出分母。
-- `act_domain`：执法领域；来源没有填写的，为其他（other）。
-- `began_at`：来电的时刻；没有记录的，为录入的时刻；都没有的，为工单生成之日最后一秒。
-- 分类表是常见分类的自拟稿，各市代码不同，使用前须由热线机构确认；表中没有的代码不能说明问题，不影响工单计入。
WITH decided AS (
  SELECT j.*, coalesce(c.opened_on >= j.created_on OR i.checked_on >= j.created_on, false) AS led_to_act
  FROM hotline_orders_of_all_dates AS j
  LEFT JOIN (SELECT case_id, opened_on FROM case_register WHERE end_of(opened_on) <= $as_of AND ended_as IS DISTINCT FROM 'no_fact') AS c
    ON c.case_id = j.linked_case_id
  LEFT JOIN (SELECT inspection_id, checked_on FROM inspections
             WHERE end_of(checked_on) <= $as_of AND result IN ('problem', 'corrected', 'case') AND source_operation IS DISTINCT FROM 'delete') AS i
    ON i.inspection_id = j.linked_inspection_id
),
founded AS (
  SELECT *, led_to_act AND NOT speaks_of_attitude AND coalesce(sub_kind NOT IN ('unfair', 'corruption'), true) AS is_founded
  FROM decided
)
SELECT *, coalesce(is_reasonable, true) OR is_founded AS is_justified, NOT coalesce(is_reasonable, true) AND is_founded AS reasonableness_differs,
       about_enforcement IS DISTINCT FROM declared AS declaration_differs,
       decided_by = 'declared' AND NOT declared AND coalesce(kind IN ('complaint', 'report'), true) AS may_be_enforcement,
       about_enforcement AND speaks_of_attitude AS is_about_attitude
FROM founded
