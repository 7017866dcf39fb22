-- /// finding
-- title      = "创新案例雷同"
-- statistic  = "rule"
-- severity   = 3
-- pattern    = "同一创新案例由数个单位各自申报，正文相同或者只改少数字句"
-- benign     = "共同完成并写明另一部门的联合项目（已写明的不算）；上级汇总下级的案例一并申报；采用他人案例而误作自己的申报；使用同一申报模板；同一案例更正后换单位申报"
-- look_at    = "两件案例的正文与附件；项目的立项、合同、上线时间和承担单位；申报审批表；核实单位的意见"
-- documented = "未见公开案例；检测规则目录 copy_innovation"
-- basis      = "2026考核计划 一(二) 创新指标；检测规则目录 copy_innovation"
-- ///
-- 考察的记录：统计期内申报、有正文或者正文散列的创新案例，一件一行。
--
-- 与别的单位更早申报的案例内容相同的（`innovation_duplicates`：正文相似度达到参数 `innovation.similarity`，或者散列相同），列出；
-- 内容最早由本单位申报的，不论别人后来怎样申报，不是雷同。同一日申报的分不出先后，两件都列出。
-- 写明共同完成的不算：最早的一件把本单位写作另一部门；或者本件把最早的单位写作另一部门，并且截至数据截止日对方已经确认（只由自己写明的，不足以证明）。
-- 采用他人案例（`adopted_by`）不是共同完成。数据中没有其他共同申报的标志：联合项目没有写明的，由复核人员认定。
WITH first_ones AS (
  SELECT record_id, original_id FROM innovation_duplicates WHERE original_unit <> unit_id
  UNION ALL
  -- Of the same day: the one that merely has the smaller number.
  SELECT s.earlier_id, min(s.record_id)
  FROM innovation_same_texts AS s
  LEFT ANTI JOIN innovation_same_texts AS e ON e.record_id = s.earlier_id
  WHERE s.earlier_unit <> s.unit_id AND substr(s.earlier_turn, 1, 10) = CAST(s.submitted_on AS VARCHAR)
  GROUP BY s.earlier_id
),
claims AS (
  SELECT innovation_id, unit_id, coalesce(domain, 'other') AS domain, source_file, source_line, submitted_on, text, text_hash, second_unit,
         coalesce(end_of(second_confirmed_on) <= $as_of, false) AS is_confirmed
  FROM innovation_cases
)
SELECT c.unit_id, c.domain, 'innovation_cases' AS source_table, c.innovation_id AS record_id, c.source_file, c.source_line, '正文雷同' AS sign,
       o.innovation_id IS NOT NULL AND NOT coalesce(o.second_unit = c.unit_id, false)
         AND NOT coalesce(c.second_unit = o.unit_id AND c.is_confirmed, false) AS is_odd,
       concat(CAST(c.submitted_on AS VARCHAR), ' 申报，与 ', o.unit_id, ' 于 ', CAST(o.submitted_on AS VARCHAR), ' 申报的 ', o.innovation_id, ' 正文',
              coalesce('的相似度为 ' || CAST(CAST(text_similarity(c.text, o.text) AS DECIMAL(5, 2)) AS VARCHAR), '散列相同')) AS says,
       concat_ws(' ', CAST(c.submitted_on AS VARCHAR), o.innovation_id, c.text_hash, CAST(text_similarity(c.text, o.text) AS VARCHAR)) AS judged
FROM claims AS c
LEFT JOIN first_ones AS f ON f.record_id = c.innovation_id
LEFT JOIN claims AS o ON o.innovation_id = f.original_id
WHERE c.submitted_on >= day_of($from) AND end_of(c.submitted_on) <= $as_of AND (c.text IS NOT NULL OR c.text_hash IS NOT NULL)
