-- /// finding
-- title      = "剔除偏多"
-- statistic  = "share"
-- severity   = 3
-- pattern    = "列为剔除、或者因缺少要素不进入分母的记录占比明显高于同类：该项比率好看，可能只因分母变小。"
-- benign     = "依法移送、撤案，同类单位都有；一件事使许多记录同日剔除（成批移送、一次设备检修）；来源系统不传送某一列；管辖或职能调整；职业举报集中而多不成立"
-- look_at    = "移送函和回执、不予立案和撤案的审批文书，理由是否雷同；剔除在期末以前是否集中；设备运维记录；同一类记录上年同期如何处理"
-- documented = "西安2017年及其后的监测数据案件：除干扰采样外，也有企业自行标记为停运，使数据不计（检测规则目录 五 Monitoring data）；其余各项未见公开案例"
-- basis      = "检测规则目录 denominator_shrink；统计检测方法 indicator trade-off：≥20 %"
-- tail       = "upper"
-- minimum_n  = 30
-- floor      = 0.20
-- rows_stand_alone = "一件事使许多记录剔除的，最大的一批只计一条"
-- says       = "“{sign}”一项本应计入的 {n} 条记录中，{odd} 条（{share}）列为剔除；同类通常 {usual}。"
-- ///
-- 考察的记录：数个主要口径中计入统计期、已经到期或者列为剔除的行，每口径一行；每个口径是一种迹象，事由见各口径。
--
-- 列为剔除的（`state` 为 excluded）即为所数的行；剔除本身大多合法，只看占比是否远高于同类。
-- 取决于对象、来电人，不由本单位决定的剔除，不计：检查对象是自然人，食品药品案件，来电人没有评价。
-- 一件事使许多记录剔除的（一份文书成批移送、一次设备检修）：本单位在该口径中同一日以同一事由剔除最多的一批，只计一条；
--   其余各日照计，故逐月成批剔除的仍看得出。同日：移送、撤案、不予立案之日，检查、监测、办结之日；没有记录的各算各的。
-- 缺少要素的案件，进不了按该要素计算的分母，却没有谁把它列为剔除，故另看三项，都是统计期内决定的案件：组织当事人没有有效的统一社会信用代码；
--   普通程序没有立案日期；没有任何事项编码。某一单位一项要素全都没有的，是来源不传送这一列，不看。
WITH elements AS (
  SELECT c.unit_id, c.domain, c.record_id, c.source_file, c.source_line, c.decided_on, x.sign,
         CASE x.sign WHEN '案件信用代码' THEN CASE WHEN c.party_kind = 'org'
                                                     THEN coalesce(uscc_is_valid(coalesce(c.credit_code, c.party_code)), false) END
                     WHEN '案件立案日期' THEN CASE WHEN coalesce(c.procedure, '') <> 'simple' AND c.offsite_device_id IS NULL THEN c.filed_on IS NOT NULL END
                     ELSE coalesce(c.item_code, c.supervise_item_code) IS NOT NULL END AS is_there
  FROM (VALUES ('案件信用代码'), ('案件立案日期'), ('案件事项')) AS x (sign)
  CROSS JOIN case_register AS c
  WHERE c.decided_on >= day_of($from) AND end_of(c.decided_on) <= $as_of
),
seen_elements AS (
  SELECT *, count(*) FILTER (WHERE is_there) OVER (PARTITION BY unit_id, domain, sign) AS there FROM elements WHERE is_there IS NOT NULL
),
records AS (
  SELECT unit_id, domain, 'leads' AS source_table, record_id, source_file, source_line, '线索立案期限' AS sign, state, excluded_because,
         due_on AS counted_on, decided_on AS left_on
  FROM leads_to_decide
  UNION ALL
  SELECT f.unit_id, f.domain, 'leads' AS source_table, f.record_id, f.source_file, f.source_line, '食药立案目标' AS sign, f.state, f.excluded_because,
         f.due_on AS counted_on, l.decided_on AS left_on
  FROM food_drug_leads AS f
  JOIN lead_register AS l ON l.record_id = f.record_id
  UNION ALL
  SELECT o.unit_id, o.domain, 'cases' AS source_table, o.record_id, o.source_file, o.source_line, '办案期限' AS sign, o.state, o.excluded_because,
         o.due_on AS counted_on, least(o.decided_on, o.closed_on, day_of(c.transferred_at)) AS left_on
  FROM ordinary_cases AS o
  JOIN case_register AS c ON c.case_id = o.record_id
  UNION ALL
  SELECT unit_id, domain, 'cases' AS source_table, record_id, source_file, source_line, '柔性执法' AS sign, state, excluded_because,
         ended_on AS counted_on, ended_on AS left_on
  FROM ended_cases
  UNION ALL
  SELECT unit_id, domain, 'cases' AS source_table, record_id, source_file, source_line, '处罚公示' AS sign, state, excluded_because,
         due_on AS counted_on, NULL AS left_on
  FROM penalties_to_publish
  UNION ALL
  SELECT unit_id, domain, 'hotline_orders' AS source_table, record_id, source_file, source_line, '热线满意度' AS sign, state, excluded_because,
         counted_on, counted_on AS left_on
  FROM enforcement_orders
  UNION ALL
  SELECT unit_id, domain, 'inspections' AS source_table, record_id, source_file, source_line, '入企检查频次' AS sign, state, excluded_because,
         checked_on AS counted_on, checked_on AS left_on
  FROM counted_visits
  UNION ALL
  SELECT unit_id, domain, 'monitoring_data_refs' AS source_table, record_id, source_file, source_line, '监测超标响应' AS sign, state, excluded_because,
         due_on AS counted_on, measured_on AS left_on
  FROM exceedances
  UNION ALL
  SELECT unit_id, domain, 'cases' AS source_table, record_id, source_file, source_line, sign,
         CASE WHEN is_there THEN 'due' ELSE 'excluded' END AS state,
         CASE sign WHEN '案件信用代码' THEN 'no_credit_code' WHEN '案件立案日期' THEN 'no_filing_date' ELSE 'no_item' END AS excluded_because,
         decided_on AS counted_on, NULL AS left_on
  FROM seen_elements
  WHERE there > 0
),
in_period AS (
  SELECT *
  FROM records
  WHERE counted_on >= day_of($from) AND end_of(counted_on) <= $as_of
),
batches AS (
  SELECT *, concat(excluded_because, ' / ', coalesce(CAST(left_on AS VARCHAR), record_id)) AS batch
  FROM in_period
  WHERE state = 'excluded' AND excluded_because NOT IN ('natural_person', 'life_health_finance', 'no_answer')
),
counted AS (
  SELECT *, count(*) OVER (PARTITION BY unit_id, domain, sign, batch) AS rows_of_batch,
         row_number() OVER (PARTITION BY unit_id, domain, sign, batch ORDER BY record_id) AS nth_of_batch
  FROM batches
),
ranked AS (
  SELECT *, first_value(batch) OVER (PARTITION BY unit_id, domain, sign ORDER BY rows_of_batch DESC, batch) AS largest_batch
  FROM counted
)
SELECT unit_id, domain, source_table, record_id, source_file, source_line, sign, false AS is_odd, counted_on AS happened_on,
       CAST(NULL AS VARCHAR) AS says, CAST(NULL AS VARCHAR) AS judged
FROM in_period
WHERE state = 'due'
UNION ALL
SELECT unit_id, domain, source_table, record_id, source_file, source_line, sign,
       CASE WHEN batch = largest_batch AND nth_of_batch > 1 THEN NULL ELSE true END AS is_odd,
       counted_on,
       concat('计入之日 ', CAST(counted_on AS VARCHAR), '，列为剔除：',
              CASE excluded_because
                WHEN 'transferred' THEN '已移送有管辖权的机关'
                WHEN 'not_filed' THEN '在期限内决定不予立案'
                WHEN 'withdrawn' THEN '已撤案'
                WHEN 'no_filing_date' THEN '没有立案日期'
                WHEN 'no_credit_code' THEN '没有有效的统一社会信用代码'
                WHEN 'no_item' THEN '没有事项编码'
                WHEN 'no_fact' THEN '违法事实不成立'
                WHEN 'outcome_unknown' THEN '没有处理结果'
                WHEN 'exempt' THEN '标明依法不予公示'
                WHEN 'no_decision_date' THEN '没有决定日期'
                WHEN 'not_reasonable' THEN '诉求经认定不合理'
                WHEN 'only_declared_unrelated' THEN '仅凭来源填报认定与行政执法无关'
                WHEN 'exempt_trigger' THEN '以不计频次的原因启动'
                WHEN 'not_onsite' THEN '书面、线上或非现场检查'
                WHEN 'invalid_data' THEN '设备停用、故障、维护，或者数据标记为异常'
                WHEN 'not_confirmed' THEN '没有确认日期'
                ELSE excluded_because END,
              CASE WHEN batch = largest_batch AND rows_of_batch > 1
                   THEN concat('；同日同一事由共 ', CAST(rows_of_batch AS VARCHAR), ' 条，只计一条') ELSE '' END) AS says,
       concat_ws(' ', CAST(counted_on AS VARCHAR), excluded_because)
FROM ranked
