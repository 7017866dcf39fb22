-- /// finding
-- title      = "跨期补录"
-- statistic  = "share"
-- severity   = 3
-- pattern    = "上一期早已发生的事项，等到上一期结束之后，才在新一期最初的若干工作日集中录入。"
-- benign     = "年底系统停机、年初恢复补传；系统切换或数据迁移未标批次；机构合并后移交的历史案件；上级统一要求年初清理并有通知"
-- look_at    = "系统日志中的录入时刻与账号；纸质案卷各文书的形成日期；上一期考核数据的截止与上报时间；是否有清理或补传的通知"
-- documented = "未见公开的行政执法案例；型式见考核数据治理的一般经验（检测规则目录 yearend_backfill，期末之后录入的部分）"
-- basis      = "检测规则目录 yearend_backfill；统计检测方法 backdating / entry lag"
-- tail       = "upper"
-- minimum_n  = 30
-- floor      = 0.05
-- rows_stand_alone = "集中补录正是所查的情形；成批装载的不作判断"
-- says       = "在上一期发生的 {n} 件中，{odd} 件（{share}）发生很久之后、到本期最初的若干工作日才录入；同类通常 {usual}。"
-- ///
-- 考察的记录：本期开始前十二个月内发生的案件（按 `opened_on`）和检查（`recorded_acts`），一件一行；没有录入时刻的，不作判断。
--
-- `yearend_backfill` 只看本期录入的行、只看期末：等到一月再录上一年的旧案，不在其中；本规则看的正是这一段。
-- 迟录天数与 `yearend_backfill` 相同；最初的若干工作日为参数 `finding.cross_period_backfill.first_workdays`。
-- 十二月下旬的事项一月初录入，不迟，不算。批量装载（`is_bulk_load`）不作判断，也不算没有问题。
SELECT unit_id, domain, source_table, record_id, source_file, source_line, '跨期迟录' AS sign,
       CASE WHEN NOT is_bulk_load THEN created_at >= $from
         AND day_of(created_at) - event_on > param('finding.yearend_backfill.late_days', domain, day_of(created_at))
         AND workdays_between(day_of($from) - 1, day_of(created_at))
           <= param('finding.cross_period_backfill.first_workdays', domain, day_of(created_at)) END AS is_odd,
       coalesce(day_of(created_at), event_on) AS happened_on,
       concat('事项日期 ', CAST(event_on AS VARCHAR), '，录入 ', CAST(day_of(created_at) AS VARCHAR), '，相隔 ',
              CAST(day_of(created_at) - event_on AS VARCHAR), ' 天') AS says
FROM recorded_acts
WHERE event_on >= day_of($from - INTERVAL '12 months') AND event_on < day_of($from)
