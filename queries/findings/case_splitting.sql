-- /// finding
-- title      = "拆分案件"
-- statistic  = "share"
-- severity   = 4
-- pattern    = "同一当事人的同一违法行为在数日之内被分成数件处罚，每件不超过简易程序的罚款上限，合计则超过。"
-- benign     = "确为多次独立违法行为；同一企业多个门店、车辆或项目分别立案；非现场设备逐次抓拍；法律规定按次处罚；同一案件重复报送"
-- look_at    = "各件的违法事实、时间和地点；是否同一次检查、同一份现场笔录；执法记录；决定书文号是否相连"
-- documented = "未见公开案例；检测规则目录 case_splitting"
-- basis      = "行政处罚法 第29、51条；检测规则目录 case_splitting"
-- tail       = "upper"
-- minimum_n  = 20
-- floor      = 0.02
-- says       = "在 {n} 件有罚款的案件中，{odd} 件（{share}）与同一当事人、同一违法行为的其他案件相隔不超过 7 日，单件均不超过简易程序罚款上限而合计超过；同类通常 {usual}。"
-- ///
-- 考察的记录：统计期内当事人和违法行为已知的罚款案件，一件一行。
--
-- 拆分：七日之内，同一单位对同一当事人的同一违法行为至少又罚款一次，各次罚款都不超过该类当事人的简易程序上限，合计则超过上限。
-- 七日自案件最早的日期（`opened_on`）起算：相隔八日的案件，各自独立。超过上限的罚款、零元罚款和警告，无所规避。
-- 当事人：统一社会信用代码，没有的用当事人代码，只用于关联，从不显示。违法行为：违法行为类型，没有的用事项编码。
WITH fined AS (
  SELECT unit_id, domain, record_id, source_file, source_line, opened_on, fine_amount,
         coalesce(credit_code, party_code) AS party, coalesce(violation_type, item_code) AS violation,
         CASE WHEN party_kind = 'org' THEN param('simple.fine_cap.organisation', domain, opened_on)
              ELSE param('simple.fine_cap.person', domain, opened_on) END AS cap
  FROM case_register
  WHERE opened_on >= day_of($from) AND end_of(opened_on) <= $as_of AND fine_amount > 0
    AND coalesce(credit_code, party_code) IS NOT NULL AND coalesce(violation_type, item_code) IS NOT NULL
),
-- For each case: what the seven days up to it hold.
ending AS (
  SELECT *, fine_amount <= cap AS is_small,
         count(*) OVER w AS cases_before, sum(fine_amount) OVER w AS total_before
  FROM fined
  WINDOW w AS (PARTITION BY unit_id, domain, party, violation, fine_amount <= cap ORDER BY opened_on
               RANGE BETWEEN INTERVAL '7 days' PRECEDING AND CURRENT ROW)
),
-- For each case: whether such a span ends within seven days from it.
marked AS (
  SELECT *, max(CASE WHEN is_small AND cases_before >= 2 AND total_before > cap THEN 1 ELSE 0 END)
              OVER (PARTITION BY unit_id, domain, party, violation, is_small ORDER BY opened_on
                    RANGE BETWEEN CURRENT ROW AND INTERVAL '7 days' FOLLOWING) = 1 AS is_split
  FROM ending
),
-- Split cases that follow each other within seven days make one cluster.
spaced AS (
  SELECT *, CASE WHEN opened_on - lag(opened_on) OVER (PARTITION BY unit_id, domain, party, violation, is_split
                                                         ORDER BY opened_on, record_id) <= 7 THEN 0 ELSE 1 END AS begins
  FROM marked
),
clustered AS (
  SELECT *, sum(begins) OVER (PARTITION BY unit_id, domain, party, violation, is_split ORDER BY opened_on, record_id
                              ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS cluster
  FROM spaced
),
summed AS (
  SELECT *, count(*) OVER c AS cases_in, sum(fine_amount) OVER c AS total_in, min(record_id) OVER c AS first_record
  FROM clustered
  WINDOW c AS (PARTITION BY unit_id, domain, party, violation, is_split, cluster)
)
SELECT unit_id, domain, 'cases' AS source_table, record_id, source_file, source_line, '拆分' AS sign, is_split AS is_odd,
       opened_on AS happened_on,
       concat('与 ', first_record, ' 等 ', CAST(cases_in AS VARCHAR), ' 件为同一当事人、同一违法行为，彼此相隔不超过 7 日；本件罚款 ',
              CAST(fine_amount AS VARCHAR), ' 元，合计 ', CAST(total_in AS VARCHAR), ' 元，超过单件上限 ',
              CAST(CAST(cap AS BIGINT) AS VARCHAR), ' 元') AS says
FROM summed
