-- /// population
-- title = "内容相同的创新案例"
-- grain = "one pair of cases of innovation with the same text, the later one and an earlier one"
-- ///
--
-- 申报的案例，与更早申报而内容相同的各成一对。先后依申报日期，同日的依案例编号；与哪一类、哪个主体的案例比较不论。
-- 内容相同：正文相似度达到参数 `innovation.similarity`（换一个单位名称、改几个字仍是同一案例），或者正文的散列相同。
-- 不逐对比较：先以 `text_bands` 找出可能相近的，再算相似度；相似度恰为0.8的，一千对中约漏一对，更高的不漏。
-- 与数据截止日无关，所以各月只比较一次。后一件申报之时，前一件必已申报。
WITH claims AS (
  SELECT innovation_id, unit_id, domain, submitted_on, text, text_hash, verified, verified_on,
         concat(CAST(submitted_on AS VARCHAR), ' ', innovation_id) AS turn
  FROM innovation_cases
),
bands AS (
  SELECT innovation_id, turn, unnest(text_bands(text)) AS band FROM claims
),
candidates AS (
  SELECT DISTINCT a.innovation_id AS earlier_id, b.innovation_id AS later_id
  FROM bands AS a
  JOIN bands AS b ON a.band = b.band AND a.turn < b.turn
  UNION
  SELECT a.innovation_id, b.innovation_id
  FROM claims AS a
  JOIN claims AS b ON a.text_hash = b.text_hash AND a.turn < b.turn
)
SELECT b.innovation_id AS record_id, b.unit_id, b.submitted_on, a.innovation_id AS earlier_id, a.unit_id AS earlier_unit, a.turn AS earlier_turn,
       a.verified AS earlier_verified, a.verified_on AS earlier_verified_on
FROM candidates AS c
JOIN claims AS a ON a.innovation_id = c.earlier_id
JOIN claims AS b ON b.innovation_id = c.later_id
WHERE a.text_hash = b.text_hash OR text_similarity(a.text, b.text) >= param('innovation.similarity', b.domain, b.submitted_on)
