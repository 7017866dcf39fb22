-- /// finding
-- title      = "同一当事人案件过密"
-- statistic  = "share"
-- severity   = 4
-- pattern    = "同一当事人的同一违法行为在数日之内被分成数件处罚，每件都没有越过某一程序界限（简易程序、听证、法制审核、集体讨论的罚款数额），合计则越过。"
-- benign     = "确为多次独立违法行为；同一企业多个门店、车辆或项目分别立案；非现场设备逐次抓拍；法律规定按次处罚；同一案件重复报送"
-- look_at    = "各件的违法事实、时间和地点；是否同一次检查、同一份现场笔录；执法记录；决定书文号是否相连"
-- documented = "未见公开案例；检测规则目录 case_splitting"
-- basis      = "行政处罚法 第29、51、57、58、63条；检测规则目录 case_splitting"
-- tail       = "upper"
-- minimum_n  = 20
-- floor      = 0.02
-- says       = "在 {n} 件有罚款的案件中，{odd} 件（{share}）与同一当事人、同一违法行为的其他案件相隔不超过 7 日，单件都没有越过{sign}而合计越过；同类通常 {usual}。"
-- ///
-- 考察的记录：统计期内当事人和违法行为已知的罚款案件，每一界限一件一行。界限的数额与“罚款贴近界限”相同，取案件最早的日期有效的；数额相同的，只比较一次。
--
-- 拆分：七日之内，同一单位对同一当事人的同一违法行为至少又罚款一次，各次罚款都没有越过界限，合计则越过：简易程序为超过上限，其他为达到数额（“以上”含本数）。
-- 同一当事人的几件出于同一件事，不当作几次（`occasion`），至少须有三个这样的当事人。
-- 七日自案件最早的日期（`opened_on`）起算：相隔八日的案件，各自独立。单件已越过界限的罚款、零元罚款和警告，无所规避。
-- 当事人：统一社会信用代码，没有的用当事人代码，只用于关联，从不显示。违法行为：违法行为类型，没有的用事项编码。
WITH fined AS (
  SELECT unit_id, domain, record_id, source_file, source_line, opened_on, fine_amount,
         coalesce(credit_code, party_code) AS party, coalesce(violation_type, item_code) AS violation,
         CASE WHEN party_kind = 'org' THEN param('simple.fine_cap.organisation', domain, opened_on)
              ELSE param('simple.fine_cap.person', domain, opened_on) END AS simple_cap,
         CASE WHEN party_kind = 'org' THEN param('hearing.fine_threshold.organisation', domain, opened_on)
              ELSE param('hearing.fine_threshold.person', domain, opened_on) END AS hearing_amount,
         CASE WHEN party_kind = 'org' THEN param('legal_review.fine_threshold.organisation', domain, opened_on)
              ELSE param('legal_review.fine_threshold.person', domain, opened_on) END AS review_amount,
         CASE WHEN party_kind = 'org' THEN param('collective.fine_threshold.organisation', domain, opened_on)
              ELSE param('collective.fine_threshold.person', domain, opened_on) END AS discussion_amount
  FROM case_register
  WHERE opened_on >= day_of($from) AND end_of(opened_on) <= $as_of AND fine_amount > 0
    AND coalesce(credit_code, party_code) IS NOT NULL AND coalesce(violation_type, item_code) IS NOT NULL
),
-- The least sum that has passed the bound: fines are in whole fen.
bounds AS (
  SELECT *, '简易程序罚款上限' AS sign, simple_cap AS edge, simple_cap + 0.01 AS passed FROM fined
  UNION ALL
  SELECT *, '听证罚款数额' AS sign, hearing_amount AS edge, hearing_amount AS passed FROM fined
  UNION ALL
  SELECT *, '法制审核罚款数额' AS sign, review_amount AS edge, review_amount AS passed FROM fined WHERE review_amount <> hearing_amount
  UNION ALL
  SELECT *, '集体讨论罚款数额' AS sign, discussion_amount AS edge, discussion_amount AS passed FROM fined
  WHERE discussion_amount <> hearing_amount AND discussion_amount <> review_amount
),
-- For each case: what the seven days up to it hold.
ending AS (
  SELECT *, fine_amount < passed AS is_small,
         count(*) OVER w AS cases_before, sum(fine_amount) OVER w AS total_before
  FROM bounds
  WINDOW w AS (PARTITION BY sign, unit_id, domain, party, violation, fine_amount < passed ORDER BY opened_on
               RANGE BETWEEN INTERVAL '7 days' PRECEDING AND CURRENT ROW)
),
-- For each case: whether such a span ends within seven days from it.
marked AS (
  SELECT *, max(CASE WHEN is_small AND cases_before >= 2 AND total_before >= passed THEN 1 ELSE 0 END)
              OVER (PARTITION BY sign, unit_id, domain, party, violation, is_small ORDER BY opened_on
                    RANGE BETWEEN CURRENT ROW AND INTERVAL '7 days' FOLLOWING) = 1 AS is_split
  FROM ending
),
-- Split cases that follow each other within seven days make one cluster.
spaced AS (
  SELECT *, CASE WHEN opened_on - lag(opened_on) OVER (PARTITION BY sign, unit_id, domain, party, violation, is_split
                                                         ORDER BY opened_on, record_id) <= 7 THEN 0 ELSE 1 END AS begins
  FROM marked
),
clustered AS (
  SELECT *, sum(begins) OVER (PARTITION BY sign, unit_id, domain, party, violation, is_split ORDER BY opened_on, record_id
                              ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS cluster
  FROM spaced
),
summed AS (
  SELECT *, count(*) OVER c AS cases_in, sum(fine_amount) OVER c AS total_in, min(record_id) OVER c AS first_record
  FROM clustered
  WINDOW c AS (PARTITION BY sign, unit_id, domain, party, violation, is_split, cluster)
)
SELECT unit_id, domain, 'cases' AS source_table, record_id, source_file, source_line, sign, is_split AS is_odd,
       opened_on AS happened_on, party AS occasion,
       concat('与 ', first_record, ' 等 ', CAST(cases_in AS VARCHAR), ' 件为同一当事人、同一违法行为，彼此相隔不超过 7 日；本件罚款 ',
              CAST(fine_amount AS VARCHAR), ' 元，合计 ', CAST(total_in AS VARCHAR), ' 元，越过', sign, ' ',
              CAST(CAST(edge AS BIGINT) AS VARCHAR), ' 元') AS says,
       concat_ws(' ', CAST(opened_on AS VARCHAR), CAST(fine_amount AS VARCHAR)) AS judged
FROM summed
