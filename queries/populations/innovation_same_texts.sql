-- /// population
-- title = "内容相同的创新案例"
-- grain = "one pair of cases of innovation with the same text, the later one and an earlier one"
-- ///
--
-- 全部申报的案例两两比较。先后依申报日期，同日的依案例编号；与哪一类、哪个主体的案例比较不论。
-- 内容相同：正文相似度达到参数 `innovation.similarity`（换一个单位名称、改几个字仍是同一案例），或者正文的散列相同。
-- 逐对比较，工作量随案例数的平方增长；与数据截止日无关，所以各月只比较一次。后一件申报之时，前一件必已申报。
WITH claims AS (
  SELECT innovation_id, unit_id, domain, submitted_on, text, text_hash, verified, verified_on,
         concat(CAST(submitted_on AS VARCHAR), ' ', innovation_id) AS turn
  FROM innovation_cases
)
SELECT b.innovation_id AS record_id, b.unit_id, b.submitted_on, a.innovation_id AS earlier_id, a.unit_id AS earlier_unit, a.turn AS earlier_turn,
       a.verified AS earlier_verified, a.verified_on AS earlier_verified_on
FROM claims AS a
JOIN claims AS b ON a.turn < b.turn
 AND (a.text_hash = b.text_hash OR text_similarity(a.text, b.text) >= param('innovation.similarity', b.domain, b.submitted_on))
