-- /// finding
-- title      = "金额首位数字异常"
-- statistic  = "first_digits"
-- severity   = 2
-- quantity   = "total"
-- pattern    = "没收违法所得的金额，前两位数字的分布明显偏离自然形成的金额所应有的分布"
-- benign     = "金额来自统一的定价、定额或者标准套餐；同一批货物分案处理；数据按千元、万元取整；来源把罚款混入没收金额"
-- look_at    = "以所列数字开头的案件：违法所得的计算书、进销货凭证和审计意见；金额是否由同一人填写"
-- documented = "未见公开的行政执法案例；统计检测方法 Benford（只用于合计、发票一类自然形成的金额，须先过前提）"
-- basis      = "行政处罚法 第28条（违法所得）；统计检测方法 3"
-- minimum_n  = 1000
-- floor      = 0.0015
-- ///
-- 考察的金额：统计期内决定没收违法所得、金额大于零的案件，一件一行。
--
-- 罚款、收费、件数、时长都不适用本福特定律（依法确定或者有上下限），不在内，写入本项即被 `kaohe check` 拒绝。
-- 前提（不符的不作判断）：九十九百分位至少为一百分位的一千倍；最大的十笔不超过总额的十分之一。
SELECT unit_id, domain, 'cases' AS source_table, record_id, source_file, source_line, '没收违法所得' AS sign, confiscated_amount AS amount,
       decided_on AS happened_on, concat(CAST(decided_on AS VARCHAR), ' 决定，没收 ', CAST(confiscated_amount AS VARCHAR), ' 元') AS says
FROM case_register
WHERE confiscated_amount > 0 AND decided_on >= day_of($from) AND end_of(decided_on) <= $as_of
