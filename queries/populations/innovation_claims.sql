-- /// population
-- title = "申报的创新案例及其核实"
-- grain = "one case of innovation that a unit put forward"
-- [excluded]
-- not_verified = "尚未核实"
-- no_verification_date = "已核实，没有核实日期"
-- not_verified_by_others = "没有核实单位，或者由申报单位自己核实"
-- too_few_raters = "评审人或评分不足规定人数"
-- not_confirmed = "数据共享案例没有另一部门的确认"
-- no_text = "没有正文也没有散列，无法比对是否重复"
-- duplicate = "与更早的案例内容重复"
-- [columns]
-- counted_on = "各项要件具备之日"
-- departments = "确认的部门数"
-- scores_given = "有效评分数"
-- ///
--
-- 截至数据截止日申报的全部案例。`state` 到期：已经由其他单位核实，评审人和有效评分（0—100分）都不少于 `innovation.raters_min`，
-- 不与更早的案例重复（`innovation_duplicates`）；数据共享案例另须第二部门确认，确认的部门（连同申报单位）不少于 `innovation.departments_min`。
-- 第二部门必须是另一主体；是否确属另一部门，数据中看不出，由核实单位把关。评分高低不影响是否计入，只要求有人评。
-- `counted_on`：核实之日；数据共享案例为核实和确认两者较迟的一日。`due_on`：`counted_on`，没有的为申报之日。
-- 核实、确认晚于数据截止日的，视为尚未核实、没有确认。
WITH claims AS (
  SELECT unit_id, coalesce(domain, 'other') AS domain, innovation_id AS record_id, source_file, source_line, kind, level, submitted_on, verified_by,
         verified, raters, adopted_by, second_adopted_on, text IS NULL AND text_hash IS NULL AS has_no_text,
         CASE WHEN verified AND end_of(verified_on) <= $as_of THEN verified_on END AS known_verified_on,
         coalesce(verified AND verified_on IS NULL, false) AS lacks_date,
         CASE WHEN second_unit <> unit_id AND end_of(second_confirmed_on) <= $as_of THEN second_confirmed_on END AS known_confirmed_on,
         CAST(coalesce(rater_score_1 BETWEEN 0 AND 100, false) AS BIGINT) + CAST(coalesce(rater_score_2 BETWEEN 0 AND 100, false) AS BIGINT)
           + CAST(coalesce(rater_score_3 BETWEEN 0 AND 100, false) AS BIGINT) + CAST(coalesce(rater_score_4 BETWEEN 0 AND 100, false) AS BIGINT)
           + CAST(coalesce(rater_score_5 BETWEEN 0 AND 100, false) AS BIGINT) AS scores_given
  FROM innovation_cases
  WHERE end_of(submitted_on) <= $as_of
),
judged AS (
  SELECT c.*, CASE WHEN c.known_confirmed_on IS NULL THEN 1 ELSE 2 END AS departments,
         CASE WHEN c.lacks_date THEN 'no_verification_date'
              WHEN c.known_verified_on IS NULL THEN 'not_verified'
              WHEN NOT coalesce(c.verified_by <> c.unit_id, false) THEN 'not_verified_by_others'
              WHEN least(c.scores_given, coalesce(cardinality(c.raters), 0)) < param('innovation.raters_min', c.domain, c.submitted_on)
                THEN 'too_few_raters'
              WHEN c.kind = 'data_sharing'
               AND CASE WHEN c.known_confirmed_on IS NULL THEN 1 ELSE 2 END < param('innovation.departments_min', c.domain, c.submitted_on)
                THEN 'not_confirmed'
              WHEN c.has_no_text THEN 'no_text'
              WHEN d.record_id IS NOT NULL THEN 'duplicate' END AS excluded_because
  FROM claims AS c
  LEFT JOIN innovation_duplicates AS d ON d.record_id = c.record_id
)
SELECT unit_id, domain, record_id, source_file, source_line, kind, level, submitted_on, adopted_by, second_adopted_on, scores_given, departments,
       counted_on, coalesce(counted_on, submitted_on) AS due_on, excluded_because,
       CASE WHEN excluded_because IS NULL THEN 'due' ELSE 'excluded' END AS state
FROM (
  SELECT *, CASE WHEN kind = 'data_sharing' THEN greatest(known_verified_on, coalesce(known_confirmed_on, known_verified_on))
                 ELSE known_verified_on END AS counted_on
  FROM judged
) AS j
