-- /// finding
-- title      = "罚款贴近界限"
-- statistic  = "share"
-- severity   = 3
-- pattern    = "罚款数额多在某一程序界限以下不远处，以上不远处很少。"
-- benign     = "法定最低罚款、裁量基准的档次止于该处（同类单位应有同样的情形）；某类高发案件的数额有惯例；按次、按辆计罚的固定数额"
-- look_at    = "裁量说明和集体讨论记录；同一违法行为界限上下的案件情节有何不同；是否因此少了听证告知、法制审核或者改用简易程序"
-- documented = "未见公开案例；检测规则目录 fine_threshold_bunching"
-- basis      = "行政处罚法 第51、57、58、63条；检测规则目录 fine_threshold_bunching"
-- tail       = "upper"
-- minimum_n  = 20
-- floor      = 0.65
-- least_rate = 0.5
-- says       = "罚款在{sign}上下不远的 {n} 件中，{odd} 件（{share}）在界限以下；同类通常 {usual}（没有同类可比的，为两侧各半）。"
-- ///
-- 考察的记录：统计期内决定的罚款中，数额在某一界限附近的，每一界限一件一行。只看界限两侧的件数，不论罚款多少，数额从不作为评价（行政处罚法 第74条）。
--
-- 界限：简易程序的罚款上限、应当告知听证权利、应当法制审核、应当集体讨论的罚款数额；组织依组织的数额，其他当事人依自然人的数额，取决定之日有效的。
--   听证、法制审核、集体讨论的数额相同的，只比较一次。
-- 附近：界限的八成以上，到界限除以八成以下（参数 `finding.fine_threshold_bunching.band` 为两成）：3000 元的界限，看 2400 元至 3750 元。
--   两侧按比例同宽，罚款越大件数越少的通常情形下，两侧各占一半（`least_rate`）。
-- 恰在界限上的是整数，不论哪一侧都有理由，不计。
-- 同一当事人的几件（一个车队的几辆车）不当作几次（`occasion`），至少须有三个这样的当事人。
-- 案件所记裁量幅度止于界限、或者自界限起的，本来只能在一侧，不计；没有记录裁量幅度的，计入，由同类比较。
WITH fined AS (
  SELECT unit_id, domain, record_id, source_file, source_line, decided_on, fine_amount, benchmark_min, benchmark_max,
         coalesce(credit_code, party_code) AS party,
         CASE WHEN party_kind = 'org' THEN param('simple.fine_cap.organisation', domain, decided_on)
              ELSE param('simple.fine_cap.person', domain, decided_on) END AS simple_cap,
         CASE WHEN party_kind = 'org' THEN param('hearing.fine_threshold.organisation', domain, decided_on)
              ELSE param('hearing.fine_threshold.person', domain, decided_on) END AS hearing_amount,
         CASE WHEN party_kind = 'org' THEN param('legal_review.fine_threshold.organisation', domain, decided_on)
              ELSE param('legal_review.fine_threshold.person', domain, decided_on) END AS review_amount,
         CASE WHEN party_kind = 'org' THEN param('collective.fine_threshold.organisation', domain, decided_on)
              ELSE param('collective.fine_threshold.person', domain, decided_on) END AS discussion_amount,
         1 - param('finding.fine_threshold_bunching.band', domain, decided_on) AS reach
  FROM case_register
  WHERE fine_amount > 0 AND decided_on >= day_of($from) AND end_of(decided_on) <= $as_of
),
edges AS (
  SELECT *, '简易程序罚款上限' AS sign, simple_cap AS edge
  FROM fined
  UNION ALL
  SELECT *, '听证罚款数额' AS sign, hearing_amount AS edge
  FROM fined
  UNION ALL
  SELECT *, '法制审核罚款数额' AS sign, review_amount AS edge
  FROM fined
  WHERE review_amount <> hearing_amount
  UNION ALL
  SELECT *, '集体讨论罚款数额' AS sign, discussion_amount AS edge
  FROM fined
  WHERE discussion_amount <> hearing_amount AND discussion_amount <> review_amount
)
SELECT unit_id, domain, 'cases' AS source_table, record_id, source_file, source_line, sign,
       CASE WHEN coalesce(benchmark_max <= edge OR benchmark_min >= edge, false) THEN NULL ELSE fine_amount < edge END AS is_odd,
       decided_on AS happened_on, party AS occasion,
       concat('罚款 ', CAST(fine_amount AS VARCHAR), ' 元，', sign, ' ', CAST(CAST(edge AS BIGINT) AS VARCHAR), ' 元') AS says
FROM edges
WHERE fine_amount >= edge * reach AND fine_amount * reach <= edge AND fine_amount <> edge
