-- /// finding
-- title      = "月度数量过于均匀"
-- statistic  = "evenness"
-- severity   = 4
-- pattern    = "下级各单位逐月罚款件数大致相同，且罚款集中在某一整数金额之上的窄幅内：件数和金额可能按指标安排。"
-- benign     = "按月均分的年度抽查计划；下级单位很少、案件很少；同一法定最低罚款适用于同一类违法行为；集中整治按批次办理"
-- look_at    = "上级对下级的月度通报、考核文件、会议纪要；同一事项的裁量基准；各单位案件来源（投诉、检查、移送）的构成"
-- documented = "河南某县2025年：23个乡镇约半年内每月各办2至3件消防案件，罚款均在2000元至2500元之间，背后是每月不少于2件、不少于2000元的指标和月末通报；县级监督机关从齐整程度发现（检测规则目录 五 Quota，司法部通报）"
-- basis      = "行政处罚法 第74条；检测规则目录 quota_uniformity；统计检测方法 mean–variance too regular"
-- minimum_n  = 30
-- floor      = 0.30
-- ///
-- 考察有罚款的案件，一件一行，计入办案单位的直接上级：`unit_id` 是上级，`part` 是办案单位。`month` 为案件最早日期所在的月。
-- 各领域合计一次（`domain` 为空）：指标按件数下达，哪个领域由下级自定；下级跨几个领域的，另按领域各一次：指标也可能只下到一个领域。
-- 一项指标可能只执行半年，统计期内任意连续的整月（参数 `finding.quota_uniformity.months` 个）也看。
-- 没有上级的单位、没有罚款的案件不计。金额只看是否齐整，不论高低，也不计入任何得分。
WITH parents AS (
  SELECT unit_id, parent_unit_id, valid_from, valid_to FROM unit_spans WHERE parent_unit_id IS NOT NULL
),
fined AS (
  SELECT p.parent_unit_id AS unit_id, c.domain, c.record_id, c.source_file, c.source_line, c.unit_id AS part, c.opened_on, c.fine_amount
  FROM case_register AS c
  JOIN parents AS p ON p.unit_id = c.unit_id
  WHERE c.fine_amount > 0 AND c.opened_on >= day_of($from) AND end_of(c.opened_on) <= $as_of
    AND c.opened_on BETWEEN p.valid_from AND p.valid_to
),
-- Where there is one domain alone, it is all domains.
several AS (
  SELECT unit_id FROM fined GROUP BY unit_id HAVING count(DISTINCT domain) > 1
),
counted AS (
  SELECT unit_id, '' AS domain, record_id, source_file, source_line, part, opened_on, fine_amount FROM fined
  UNION ALL
  SELECT f.unit_id, f.domain, f.record_id, f.source_file, f.source_line, f.part, f.opened_on, f.fine_amount
  FROM fined AS f
  JOIN several AS s ON s.unit_id = f.unit_id
)
SELECT unit_id, domain, 'cases' AS source_table, record_id, source_file, source_line, part, month_of(opened_on) AS month, fine_amount AS amount,
       opened_on AS happened_on,
       concat('办案单位 ', part, '，', CAST(opened_on AS VARCHAR), '，罚款 ', CAST(fine_amount AS VARCHAR), ' 元') AS says
FROM counted
