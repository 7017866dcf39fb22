-- /// finding
-- title      = "告知期不足"
-- statistic  = "share"
-- severity   = 4
-- pattern    = "告知当事人之后，陈述申辩（听证）的期间未满就作出决定，卷内又没有放弃的文书。"
-- benign     = "当事人放弃陈述申辩的文书未录入；告知日期录为送达之日以后；前一次告知未录入；当事人在期间内已经陈述申辩并经复核"
-- look_at    = "告知书及其送达回证；放弃陈述申辩的文书；陈述申辩笔录和复核意见；决定审批的时间"
-- documented = "未见公开案例；检测规则目录 stage_inversion（notice→decision < 5 wd without waiver）"
-- basis      = "行政处罚法 第44、45、64条；市场监督管理行政处罚程序规定 第57条"
-- tail       = "upper"
-- minimum_n  = 15
-- floor      = 0.20
-- says       = "在 {n} 件普通程序案件中，{odd} 件（{share}）告知后未满规定的工作日即作决定，卷内无放弃陈述申辩文书；同类通常 {usual}。"
-- ///
-- 考察的记录：统计期内作出决定的普通程序案件（`dated_case_steps`），一件一行；没有告知日期的，不作判断，也不算没有问题。同一日的决定不当作几次（`occasion`），至少须有三个这样的日期。
--
-- 告知至决定的工作日少于参数 `finding.short_notice.workdays`，且卷内没有放弃陈述申辩的文书，即为不足；恰好满规定工作日的，合乎规定。
-- 告知次日起算，休息日不计。有数次告知的，取最早的一次。
-- 不计：简易程序和快速办理的案件；决定早于告知的（那是先后颠倒，见 `stage_inversion`）。
SELECT unit_id, domain, 'cases' AS source_table, record_id, source_file, source_line, '告知期不足' AS sign,
       CASE WHEN noticed_on IS NOT NULL
            THEN NOT is_waived AND workdays_between(noticed_on, decided_on) < param('finding.short_notice.workdays', domain, decided_on) END AS is_odd,
       decided_on AS happened_on, decided_on AS occasion,
       concat('告知 ', CAST(noticed_on AS VARCHAR), ' 至决定 ', CAST(decided_on AS VARCHAR), ' 只隔 ',
              CAST(workdays_between(noticed_on, decided_on) AS VARCHAR), ' 个工作日，卷内无放弃陈述申辩文书') AS says
FROM dated_case_steps
WHERE decided_on >= day_of($from) AND end_of(decided_on) <= $as_of AND procedure = 'ordinary' AND coalesce(noticed_on <= decided_on, true)
