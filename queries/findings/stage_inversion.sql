-- /// finding
-- title      = "程序时间倒置"
-- statistic  = "rule"
-- severity   = 4
-- pattern    = "案件各步骤所载日期的先后不可能如此发生，如决定早于告知、送达早于决定。"
-- benign     = "日期录入差错；两次告知中前一次未录入；补正后换发的决定书沿用原日期；系统迁移时以默认日期填充"
-- look_at    = "案卷内各文书原件的落款日期和用印记录；电子卷宗的生成时间；审批流程日志；送达回证"
-- documented = "四川某市，2024年9月9日立案、12月11日决定，历时93日；办案单位主张以12月4日的内部意见、12月5日的电话为准，监督机关认定只看决定书载明的日期（检测规则目录 五 Date games）"
-- basis      = "行政处罚法 第44、57、58、61条；检测规则目录 stage_inversion"
-- ///
-- 考察的记录：统计期内作出决定、不适用简易程序的案件（`dated_case_steps`），一件一行。
--
-- 应有的顺序：立案 ≤ 告知 ≤ 审核 ≤ 决定 ≤ 送达 ≤ 结案；同一日不算倒置。有一处不合，即列出，并逐处写明日期。
-- 法制审核是否须在告知之后，由参数 `finding.stage_inversion.review_after_notice` 按领域规定：市场监管领域审核在告知之前（市监程序第50条以下）。
-- 有数次告知或审核的，只看最早的一次。除决定以外没有任何日期的案件，无从判断，不计。结案没有送达日期可比的，与决定比。
-- 录入差错同样列出：是否差错，看原件。
WITH judged AS (
  SELECT *,
         concat_ws('；',
           CASE WHEN noticed_on < filed_on THEN concat('告知 ', CAST(noticed_on AS VARCHAR), noticed_in, ' 早于立案 ', CAST(filed_on AS VARCHAR), filed_in) END,
           CASE WHEN reviewed_on < filed_on THEN concat('法制审核 ', CAST(reviewed_on AS VARCHAR), reviewed_in, ' 早于立案 ', CAST(filed_on AS VARCHAR), filed_in) END,
           CASE WHEN reviewed_on < noticed_on AND param('finding.stage_inversion.review_after_notice', domain, decided_on) = 1
                THEN concat('法制审核 ', CAST(reviewed_on AS VARCHAR), reviewed_in, ' 早于告知 ', CAST(noticed_on AS VARCHAR), noticed_in) END,
           CASE WHEN decided_on < filed_on THEN concat('决定 ', CAST(decided_on AS VARCHAR), ' 早于立案 ', CAST(filed_on AS VARCHAR), filed_in) END,
           CASE WHEN decided_on < noticed_on THEN concat('决定 ', CAST(decided_on AS VARCHAR), ' 早于告知 ', CAST(noticed_on AS VARCHAR), noticed_in) END,
           CASE WHEN decided_on < reviewed_on THEN concat('决定 ', CAST(decided_on AS VARCHAR), ' 早于法制审核 ', CAST(reviewed_on AS VARCHAR), reviewed_in) END,
           CASE WHEN delivered_on < decided_on THEN concat('送达 ', CAST(delivered_on AS VARCHAR), delivered_in, ' 早于决定 ', CAST(decided_on AS VARCHAR)) END,
           CASE WHEN closed_on < delivered_on THEN concat('结案 ', CAST(closed_on AS VARCHAR), closed_in, ' 早于送达 ', CAST(delivered_on AS VARCHAR), delivered_in)
                WHEN closed_on < decided_on THEN concat('结案 ', CAST(closed_on AS VARCHAR), closed_in, ' 早于决定 ', CAST(decided_on AS VARCHAR)) END
         ) AS disorder
  FROM dated_case_steps
  WHERE decided_on >= day_of($from) AND end_of(decided_on) <= $as_of AND coalesce(filed_on, noticed_on, reviewed_on, delivered_on, closed_on) IS NOT NULL
)
SELECT unit_id, domain, 'cases' AS source_table, record_id, source_file, source_line, '先后颠倒' AS sign, disorder <> '' AS is_odd, disorder AS says
FROM judged
