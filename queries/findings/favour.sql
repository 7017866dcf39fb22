-- /// finding
-- title      = "对同一当事人处罚偏轻"
-- statistic  = "contrast"
-- severity   = 4
-- pattern    = "同一执法人员多次办理同一当事人的案件，结果明显轻于这些人员办理的同类案件"
-- benign     = "专管某一行业或者片区的人员本就常遇同一当事人；当事人每次都主动改正、减轻危害；同一违法分次处罚而总额不轻；档次、情节没有记录或者记录有误；初次违法依法不予处罚"
-- look_at    = "列出案件的裁量理由和集体讨论记录；办案人员与当事人有无应当回避的关系；同一当事人其他人员所办案件的结果；现场记录与认定的情节是否相符"
-- documented = "未见公开案例；检测规则目录 favour（同一人员与当事人反复配对，结果总是最轻）"
-- basis      = "行政处罚法 第34条（规范裁量）、第43条（回避）；检测规则目录 favour"
-- minimum_n  = 20
-- floor      = 0.40
-- says       = "同一执法人员反复办理同一当事人的案件 {n} 件，其中 {odd} 件（{share}）罚款明显低于同一事项、同一档次的案件；这些人员办理的其他当事人的案件为 {usual}。"
-- ///
-- 考察的记录：统计期内决定、记有裁量基准和档次的罚款案件（`penalties_in_bands`），所属事项、档次本单位本期不少于参数
-- `finding.favour.like_cases` 件，且其办案人员中有人与某一当事人反复配对。只看在幅度内的位置，不看罚款多少。
--
-- 反复配对（`is_marked`）：同一人员办理同一当事人的案件，本期不少于参数 `finding.favour.pair_cases` 件。一件有数名办案人员的，有一人即可。
-- 比较的对象，是同一人员所办的其他当事人的案件：各人宽严不同，逐人与自己比（`stratum`），再合在一起。没有其他案件的人员，其案件不作判断。
-- 一件有数名反复配对人员的，归与该当事人配对最多的一人。
-- 明显较轻（`is_odd`）：在幅度内的位置（0为下限，1为上限）比同类的中位数低，差距不小于参数 `finding.favour.distance`。
-- 人员、当事人的代码只用于关联，从不显示。没有办案人员或者没有当事人代码的案件，无从配对，不作判断，如实说明件数。
WITH positions AS (
  SELECT p.unit_id, p.domain, p.record_id, p.source_file, p.source_line, p.item_code, p.severity, p.decided_on, p.band_position,
         coalesce(c.credit_code, c.party_code) AS party, c.officers
  FROM penalties_in_bands AS p
  JOIN case_register AS c ON c.record_id = p.record_id
  WHERE p.decided_on >= day_of($from) AND end_of(p.decided_on) <= $as_of AND p.severity <> '' AND p.band_position IS NOT NULL
),
cells AS (
  SELECT unit_id, domain, item_code, severity, count(*) AS like_cases, median(band_position) AS usual_position
  FROM positions
  GROUP BY unit_id, domain, item_code, severity
),
handled AS (
  SELECT unit_id, domain, record_id, party, unnest(officers) AS officer
  FROM positions
  WHERE party IS NOT NULL AND officers IS NOT NULL
),
pairs AS (
  SELECT h.*, count(*) OVER (PARTITION BY unit_id, domain, officer, party) AS pair_cases
  FROM handled AS h
),
-- Officers with such a pair: their other cases are what it is compared with.
paired AS (
  SELECT unit_id, domain, officer, max(pair_cases) AS most
  FROM pairs
  GROUP BY unit_id, domain, officer
),
cases_of_paired AS (
  SELECT p.record_id, p.pair_cases, p.officer, row_number() OVER (PARTITION BY p.record_id ORDER BY p.pair_cases DESC, p.officer) AS nth
  FROM pairs AS p
  JOIN paired AS o ON o.unit_id = p.unit_id AND o.domain = p.domain AND o.officer = p.officer
  WHERE o.most >= param('finding.favour.pair_cases', p.domain, day_of($as_of - INTERVAL '1 second'))
)
SELECT p.unit_id, p.domain, 'cases' AS source_table, p.record_id, p.source_file, p.source_line, '反复配对' AS sign,
       k.usual_position - p.band_position >= param('finding.favour.distance', p.domain, p.decided_on) AS is_odd,
       c.pair_cases >= param('finding.favour.pair_cases', p.domain, day_of($as_of - INTERVAL '1 second')) AS is_marked,
       c.officer AS stratum, p.decided_on AS happened_on,
       concat(CAST(p.decided_on AS VARCHAR), ' 决定，同一人员本期办理同一当事人 ', CAST(c.pair_cases AS VARCHAR), ' 件；在裁量幅度内的位置为 ',
              CAST(CAST(p.band_position AS DECIMAL(18, 2)) AS VARCHAR), '，同类 ', CAST(k.like_cases AS VARCHAR), ' 件的中位数为 ',
              CAST(CAST(k.usual_position AS DECIMAL(18, 2)) AS VARCHAR)) AS says,
       concat_ws(' ', CAST(p.decided_on AS VARCHAR), CAST(p.band_position AS VARCHAR)) AS judged
FROM positions AS p
JOIN cases_of_paired AS c ON c.record_id = p.record_id AND c.nth = 1
JOIN cells AS k ON k.unit_id = p.unit_id AND k.domain = p.domain AND k.item_code = p.item_code AND k.severity = p.severity
WHERE k.like_cases >= param('finding.favour.like_cases', p.domain, p.decided_on)
UNION ALL
SELECT p.unit_id, p.domain, 'cases', p.record_id, p.source_file, p.source_line, '反复配对', CAST(NULL AS BOOLEAN), CAST(NULL AS BOOLEAN), '', p.decided_on,
       concat(CAST(p.decided_on AS VARCHAR), ' 决定，没有填写办案人员或者当事人代码'),
       CAST(p.decided_on AS VARCHAR)
FROM positions AS p
JOIN cells AS k ON k.unit_id = p.unit_id AND k.domain = p.domain AND k.item_code = p.item_code AND k.severity = p.severity
WHERE k.like_cases >= param('finding.favour.like_cases', p.domain, p.decided_on) AND (p.party IS NULL OR coalesce(cardinality(p.officers), 0) = 0)
