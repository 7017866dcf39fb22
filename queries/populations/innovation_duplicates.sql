-- /// population
-- title = "内容重复的创新案例"
-- grain = "one case of innovation that repeats an earlier one"
-- ///
--
-- 截至数据截止日申报的案例中，与更早的案例内容相同的（`innovation_same_texts`）。
-- `original_id`：内容相同的最早一件。下列两种是重复：最早一件属于别的主体；最早一件属于本主体，而本主体更早的一件已经核实。
-- 本主体的案例当初没有通过核实，修改或者原样再报的，不是重复。几个主体共同完成的案例每个主体各报一行，也只计最早的一行：
-- 数据中没有共同申报的标志，其余主体应得的，由考核方另行认定。
WITH same_text AS (
  SELECT *, coalesce(earlier_verified AND earlier_verified_on IS NOT NULL AND end_of(earlier_verified_on) <= $as_of, false) AS was_verified
  FROM innovation_same_texts
  WHERE end_of(submitted_on) <= $as_of
),
first_ones AS (
  SELECT record_id, min(earlier_turn) AS first_turn, bool_or(was_verified AND earlier_unit = unit_id) AS has_own_verified
  FROM same_text
  GROUP BY record_id
)
SELECT s.unit_id, s.record_id, s.earlier_id AS original_id, s.earlier_unit AS original_unit
FROM same_text AS s
JOIN first_ones AS f ON f.record_id = s.record_id AND f.first_turn = s.earlier_turn
WHERE s.earlier_unit <> s.unit_id OR f.has_own_verified
