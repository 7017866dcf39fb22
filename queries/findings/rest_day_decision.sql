-- /// finding
-- title      = "休息日决定"
-- statistic  = "share"
-- severity   = 1
-- pattern    = "处罚决定的落款日期落在周末或者法定节假日，多于同类。"
-- benign     = "夜间、周末集中执法，当日作出决定；节假日值班办案；批量打印文书以系统日期落款；快速办理的现场案件"
-- look_at    = "决定审批流程日志的时刻；考勤或者值班记录；用印登记；决定书原件"
-- documented = "未见公开案例；检测规则目录 stage_inversion（decision on a rest day）"
-- basis      = "检测规则目录 stage_inversion；工作日依国务院办公厅的放假通知"
-- tail       = "upper"
-- minimum_n  = 15
-- floor      = 0.20
-- says       = "在 {n} 件非简易程序案件中，{odd} 件（{share}）的决定落款在休息日；同类通常 {usual}。"
-- ///
-- 考察的记录：统计期内作出决定、不适用简易程序的案件（`dated_case_steps`），一件一行。
--
-- 休息日：不是工作日的日期，以工作日历为准；调休上班的周末是工作日，因调休而放假的平日是休息日。
-- 同一日的决定多半出于同一次会议、同一次值班，一日的几件不当作几次（`occasion`），至少须有三个这样的休息日。
-- 单独一件不说明什么；一个单位明显多于同类，说明落款日期可能不是作出决定的日期，须看原件。
SELECT unit_id, domain, 'cases' AS source_table, record_id, source_file, source_line, '休息日决定' AS sign,
       workdays_between(decided_on - 1, decided_on) = 0 AS is_odd, decided_on AS happened_on, decided_on AS occasion,
       concat('决定 ', CAST(decided_on AS VARCHAR), ' 落在休息日') AS says
FROM dated_case_steps
WHERE decided_on >= day_of($from) AND end_of(decided_on) <= $as_of
