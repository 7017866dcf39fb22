-- /// population
-- title = "内容重复的创新案例"
-- grain = "one case of innovation that repeats an earlier one"
-- ///
--
-- 截至数据截止日申报的案例中，与更早的案例内容相同的。先后依申报日期，同日的依案例编号；与哪一类、哪个主体的案例比较不论。
-- 内容相同：正文相似度达到参数 `innovation.similarity`（换一个单位名称、改几个字仍是同一案例），或者正文的散列相同。
-- 逐对比较，工作量随案例数的平方增长。
-- `original_id`：内容相同的最早一件。下列两种是重复：最早一件属于别的主体；最早一件属于本主体，而本主体更早的一件已经核实。
-- 本主体的案例当初没有通过核实，修改或者原样再报的，不是重复。几个主体共同完成的案例每个主体各报一行，也只计最早的一行：
-- 数据中没有共同申报的标志，其余主体应得的，由考核方另行认定。
WITH claims AS (
  SELECT innovation_id, unit_id, domain, submitted_on, text, text_hash,
         coalesce(verified AND verified_on IS NOT NULL AND end_of(verified_on) <= $as_of, false) AS was_verified,
         concat(CAST(submitted_on AS VARCHAR), ' ', innovation_id) AS turn
  FROM innovation_cases
  WHERE end_of(submitted_on) <= $as_of
),
same_text AS (
  SELECT b.innovation_id, b.unit_id, a.unit_id AS earlier_unit, a.innovation_id AS earlier_id, a.turn AS earlier_turn, a.was_verified
  FROM claims AS a
  JOIN claims AS b ON a.turn < b.turn
   AND (a.text_hash = b.text_hash OR text_similarity(a.text, b.text) >= param('innovation.similarity', b.domain, b.submitted_on))
),
first_ones AS (
  SELECT innovation_id, min(earlier_turn) AS first_turn, bool_or(was_verified AND earlier_unit = unit_id) AS has_own_verified
  FROM same_text
  GROUP BY innovation_id
)
SELECT s.unit_id, s.innovation_id AS record_id, s.earlier_id AS original_id, s.earlier_unit AS original_unit
FROM same_text AS s
JOIN first_ones AS f ON f.innovation_id = s.innovation_id AND f.first_turn = s.earlier_turn
WHERE s.earlier_unit <> s.unit_id OR f.has_own_verified
