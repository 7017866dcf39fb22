-- /// finding
-- title      = "截止后修改"
-- statistic  = "share"
-- severity   = 3
-- pattern    = "数据截止（冻结）以后，已办结事项的记录仍被修改或者才录入，比例明显高于同类。"
-- benign     = "依更正通知改正差错并有文书；复议、诉讼改变决定后更正；系统升级批量更新未标批次；迟到的送达、履行情况补录"
-- look_at    = "来源系统的修改日志（改了哪一列、何人、何时）；更正审批文书；数据湖相邻两个版本之间该记录的差异"
-- documented = "未见公开案例；检测规则目录 post_cutoff_edit（after-the-fact correction）"
-- basis      = "检测规则目录 post_cutoff_edit；时限 data_freeze.target"
-- tail       = "upper"
-- minimum_n  = 30
-- floor      = 0.05
-- says       = "数据截止已过的 {n} 条记录中，{odd} 条（{share}）在截止以后修改或者才录入；同类通常 {usual}。"
-- ///
-- 考察的记录：最后一个事项在统计期内、数据截止（`data_freeze.target`）已过、已经办结的案件和检查（`frozen_acts`），一条一行。
--
-- 异常：截止以后有修改（或者才录入）。随批量更新修改的、来源没有修改时间的、尚未结案的，不作判断。
-- 来源只有最后一次修改的时间，看不出改了哪一列；截止以后删除的行也不在内，须比较数据湖的版本。
SELECT unit_id, domain, source_table, record_id, source_file, source_line, '截止后修改' AS sign, is_changed_after_freeze AS is_odd,
       CASE WHEN is_changed_after_freeze THEN day_of(updated_at) ELSE last_event_on END AS happened_on,
       concat('数据截止 ', CAST(due_on AS VARCHAR), '，此后于 ', CAST(day_of(updated_at) AS VARCHAR), ' 修改或者录入') AS says
FROM frozen_acts
WHERE state = 'due' AND last_event_on >= day_of($from) AND end_of(last_event_on) <= $as_of
