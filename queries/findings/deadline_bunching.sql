-- /// finding
-- title      = "临期集中办结"
-- statistic  = "share"
-- severity   = 2
-- pattern    = "决定集中在时限届满前的最后三个工作日，此前、此后都少。"
-- benign     = "按时限倒排工期、到期前集中审批；系统在到期前提醒；固定的审批例会恰在期末；时限本身很短，可办的日子不多"
-- look_at    = "决定书原件的落款日期和用印登记；审批流程日志和录入的时刻；送达回证与决定日期的间隔；时限刚过的案件为何极少"
-- documented = "四川某市，2024年9月9日立案、12月11日决定，历时93日，办案单位以时限以内的内部意见主张未逾期，未获采纳（检测规则目录 五 Date games）；英国急诊“四小时”目标之前的堆积（统计检测方法 S16）"
-- basis      = "行政处罚法 第60条；各时限见 clocks；检测规则目录 deadline_bunching"
-- tail       = "upper"
-- minimum_n  = 20
-- floor      = 0.45
-- least_rate = 0.375
-- rows_stand_alone = "每件各有起算之日和决定之日；一次行动中同日立案、一并决定的，见 benign"
-- says       = "{sign}后七个工作日以内作出的 {n} 件决定中，{odd} 件（{share}）落在届满前的最后三个工作日；同类通常 {usual}（没有同类可比的，为均匀办理时的占比）。"
-- ///
-- 考察的记录：统计期内作出、距时限最后一日（`due_on`）不超过参数 `finding.deadline_bunching.workdays_around` 个工作日的决定，前后都算，每项时限一件一行。
--
-- 落在最后三日：从最后一日往前数，最后一日及其以前两个工作日（参数 `finding.deadline_bunching.last_workdays`），最后一日为休息日的，数到其前的工作日。
-- 距离都按工作日数，日历日的时限也是：休息日不作决定，一段日子里有几个周末，不应左右结果。
-- 衡量的起点（`least_rate`）：从不逾期、在届满前八个工作日里均匀作出决定的单位，最后三日占八分之三。故按时办结不是疑点。
-- `floor`：最后三日多出一日的量（统计检测方法 b ≥ 1），即 4/9。逾期后七个工作日以内的决定计入分母：刚过时限的也多，就不是卡在时限以前。
-- 时限各为一种迹象，分别比较：
--   食品药品线索的立案目标时限（七日）、线索的立案法定时限（十五日）、经批准延长的立案时限（三十日）；
--   食品药品案件的办结目标时限（三十日）、办案法定时限（九十日）、经批准延长的办案时限。中止、检测的天数已在 `due_on` 中顺延。
-- 立案、不予立案都是决定。没有决定的，逾期多日的，已移送、撤案的，没有立案日期的，不计。
WITH steps AS (
  SELECT unit_id, domain, 'leads' AS source_table, record_id, source_file, source_line, '食药立案目标时限前' AS sign, received_on AS began_on,
         least(filed_on, CASE WHEN decision = 'not_file' THEN decided_on END) AS ended_on,
         due_on('food_drug_filing.target', domain, received_on, tested_days) AS due_on
  FROM lead_register
  WHERE domain = 'market' AND is_food_drug
  UNION ALL
  SELECT unit_id, domain, 'leads' AS source_table, record_id, source_file, source_line,
         CASE WHEN extended_on <= due_on AND end_of(extended_on) <= $as_of THEN '延长的立案时限前' ELSE '立案时限前' END AS sign,
         received_on AS began_on, answered_on AS ended_on, due_on
  FROM leads_to_decide
  WHERE state <> 'excluded'
  UNION ALL
  SELECT unit_id, domain, 'cases' AS source_table, record_id, source_file, source_line, '食药办结目标时限前' AS sign, filed_on AS began_on, ended_on, due_on
  FROM food_drug_cases
  WHERE state <> 'excluded'
  UNION ALL
  SELECT o.unit_id, o.domain, 'cases' AS source_table, o.record_id, o.source_file, o.source_line,
         CASE WHEN c.granted_days > 0 THEN '延长的办案时限前' ELSE '办案时限前' END AS sign,
         o.filed_on AS began_on, o.decided_on AS ended_on, o.due_on
  FROM ordinary_cases AS o
  JOIN case_register AS c ON c.case_id = o.record_id
  WHERE o.state <> 'excluded'
),
placed AS (
  SELECT *, CASE WHEN ended_on <= due_on THEN workdays_between(ended_on, due_on) END AS workdays_left,
         CASE WHEN ended_on > due_on THEN greatest(workdays_between(due_on, ended_on), 1) END AS workdays_over
  FROM steps
  WHERE ended_on >= day_of($from) AND end_of(ended_on) <= $as_of AND began_on <= ended_on
)
SELECT unit_id, domain, source_table, record_id, source_file, source_line, sign,
       coalesce(workdays_left < param('finding.deadline_bunching.last_workdays', domain, ended_on), false) AS is_odd,
       ended_on AS happened_on,
       concat('起算 ', CAST(began_on AS VARCHAR), '，决定 ', CAST(ended_on AS VARCHAR), '，时限最后一日 ', CAST(due_on AS VARCHAR),
              CASE WHEN workdays_left = 0 THEN '，当日'
                   WHEN workdays_left > 0 THEN concat('，还有 ', CAST(workdays_left AS VARCHAR), ' 个工作日')
                   ELSE concat('，已过 ', CAST(workdays_over AS VARCHAR), ' 个工作日') END) AS says
FROM placed
WHERE coalesce(workdays_left, workdays_over) <= param('finding.deadline_bunching.workdays_around', domain, ended_on)
