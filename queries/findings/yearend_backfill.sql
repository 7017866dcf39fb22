-- /// finding
-- title      = "期末集中补录"
-- statistic  = "late_burst"
-- severity   = 3
-- pattern    = "事项早已发生，却在统计期末的最后若干工作日集中录入。"
-- benign     = "系统切换或数据迁移未标批次；上级统一要求集中补录并有通知；接口中断后恢复补传；外勤单位定期集中录入；机构合并后移交的历史案件"
-- look_at    = "系统日志中的录入时刻与账号；纸质案卷各文书的形成日期；是否有集中补录的通知；同一账号一分钟内录入的条数"
-- documented = "未见公开的行政执法案例；型式见考核数据治理的一般经验（检测规则目录 yearend_backfill）"
-- basis      = "检测规则目录 yearend_backfill；统计检测方法 backdating / entry lag、year-end surge"
-- minimum_n  = 30
-- floor      = 0.10
-- ///
-- 考察统计期内录入的案件或检查，每件每种迹象一行。
--
-- 录入：来源系统的 `created_at`；事项可以早于统计期。没有 `created_at` 的，按事项日期在统计期内计，不作判断，也不算没有问题。
-- “迟录”：录入距事项（案件最早的日期、检查之日）的天数多于参数规定；
-- “期末录入”：在统计期最后若干工作日录入（统计期未满的，为最近一个已结束季度的最后若干工作日，此后录入的到下一季度末再看）；
-- “迟录且期末”：既迟且在期末，即为证据。
-- 批量装载（`recorded_acts` 的 `is_bulk_load`）是数据迁移或集中上报，不能说明某一单位：不作判断，也不算没有问题；占得多的，检验记为不适用。
-- 单位自己的批量上报照常判断：那正是复核人员要问的。
WITH in_period AS (
  SELECT *, day_of(created_at) AS created_on
  FROM recorded_acts
  WHERE coalesce(created_at >= $from AND created_at < $as_of, event_on >= day_of($from) AND end_of(event_on) <= $as_of)
),
judged AS (
  SELECT e.*,
         created_on - event_on > param('finding.yearend_backfill.late_days', e.domain, e.created_on) AS is_late,
         workdays_between(created_on, day_of($as_of - INTERVAL '1 second'))
           < param('finding.yearend_backfill.last_workdays', e.domain, e.created_on) AS is_at_end
  FROM in_period AS e
)
SELECT j.unit_id, j.domain, j.source_table, j.record_id, j.source_file, j.source_line, s.sign,
       CASE WHEN NOT is_bulk_load THEN CASE s.sign WHEN '迟录' THEN is_late WHEN '期末录入' THEN is_at_end ELSE is_late AND is_at_end END END AS is_odd,
       coalesce(created_on, event_on) AS happened_on,
       concat('事项日期 ', CAST(event_on AS VARCHAR), '，录入 ', CAST(created_on AS VARCHAR), '，相隔 ',
              CAST(created_on - event_on AS VARCHAR), ' 天') AS says
FROM (VALUES ('迟录'), ('期末录入'), ('迟录且期末')) AS s (sign)
CROSS JOIN judged AS j
