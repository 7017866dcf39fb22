-- /// finding
-- title      = "同案不同罚"
-- statistic  = "share"
-- severity   = 3
-- pattern    = "同一事项、同一档次的罚款，落在公布的裁量基准之外而没有记录理由，或者在幅度内的位置与本单位同类案件相距很远，多于同类单位"
-- benign     = "有文书的从轻、减轻、从重（记录了理由的不算）；档次没有填写（不作判断）；基准刚刚更换；同一档次之内情节确有差别；档次或者金额录入差错"
-- look_at    = "各件的违法事实、情节认定和裁量说明；从轻减轻的证据；集体讨论记录；公布的裁量基准及其施行日期"
-- documented = "未见公开案例；检测规则目录 disparity"
-- basis      = "行政处罚法 第5、34条；国办发〔2022〕27号；检测规则目录 disparity"
-- tail       = "upper"
-- minimum_n  = 20
-- floor      = 0.10
-- says       = "考察的 {n} 件罚款案件中，{odd} 件（{share}）属“{sign}”；同类通常 {usual}。"
-- ///
-- 考察的记录：统计期内决定、档次已填写的罚款案件，每种迹象各有自己的范围。罚款的多少不说明任何问题，只看离该事项、该档次的基准有多远。
--
-- “基准之外”：决定之日该事项、该档次有已公布的金额基准（`benchmarked_penalties`）。罚款低于下限或者高于上限，又没有记录情节或者理由的，列出；高于、低于同样对待。
--   适用哪一档不明的（档次没有填写或者写法对不上）、没有基准的、没有罚款金额的，不作判断。
-- “偏离同类”：案件记有基准上下限的（`penalties_in_bands`），本单位本期同一事项、同一档次不少于参数 `finding.disparity.like_cases` 件。
--   罚款在幅度内的位置（0为下限，1为上限）与这些案件的中位数相差不小于参数 `finding.disparity.distance`，又没有记录情节或者理由的，列出。
-- 同一日的决定多半出于同一次会议，一日的几件不当作几次（`occasion`），至少须有三个这样的日期。
-- 没有填写档次、没有罚款金额的，“偏离同类”不作判断，也不算没有问题；同类太少的，无从比较，不计。
WITH positions AS (
  SELECT p.unit_id, p.domain, p.record_id, p.source_file, p.source_line, p.item_code, p.severity, p.decided_on, p.band_position, c.aggravation
  FROM penalties_in_bands AS p
  JOIN case_register AS c ON c.record_id = p.record_id
  WHERE p.decided_on >= day_of($from) AND end_of(p.decided_on) <= $as_of AND p.severity <> '' AND p.band_position IS NOT NULL
),
cells AS (
  SELECT unit_id, domain, item_code, severity, count(*) AS like_cases, median(band_position) AS usual_position
  FROM positions
  GROUP BY unit_id, domain, item_code, severity
)
SELECT unit_id, domain, 'cases' AS source_table, record_id, source_file, source_line, '基准之外' AS sign, is_deviation AS is_odd,
       decided_on AS happened_on, decided_on AS occasion,
       concat(CAST(decided_on AS VARCHAR), ' 决定，罚款为该事项该档次基准中值的 ', CAST(CAST(fine_ratio AS DECIMAL(18, 2)) AS VARCHAR),
              ' 倍，在公布的幅度之外，没有记录理由') AS says
FROM benchmarked_penalties
WHERE state = 'due' AND severity IS NOT NULL AND item_code IS NOT NULL AND fine_ratio IS NOT NULL
  AND decided_on >= day_of($from) AND end_of(decided_on) <= $as_of
UNION ALL
SELECT p.unit_id, p.domain, 'cases', p.record_id, p.source_file, p.source_line, '偏离同类',
       abs(p.band_position - k.usual_position) >= param('finding.disparity.distance', p.domain, p.decided_on) AND p.aggravation IS NULL,
       p.decided_on, p.decided_on AS occasion,
       concat(CAST(p.decided_on AS VARCHAR), ' 决定，在基准幅度内的位置为 ', CAST(CAST(p.band_position AS DECIMAL(18, 2)) AS VARCHAR),
              '；本单位同类 ', CAST(k.like_cases AS VARCHAR), ' 件的中位数为 ', CAST(CAST(k.usual_position AS DECIMAL(18, 2)) AS VARCHAR))
FROM positions AS p
JOIN cells AS k ON k.unit_id = p.unit_id AND k.domain = p.domain AND k.item_code = p.item_code AND k.severity = p.severity
WHERE k.like_cases >= param('finding.disparity.like_cases', p.domain, p.decided_on)
UNION ALL
SELECT unit_id, domain, 'cases', record_id, source_file, source_line, '偏离同类', CAST(NULL AS BOOLEAN), decided_on, decided_on AS occasion, CAST(NULL AS VARCHAR)
FROM penalties_in_bands
WHERE decided_on >= day_of($from) AND end_of(decided_on) <= $as_of AND (severity = '' OR band_position IS NULL)
