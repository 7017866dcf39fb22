-- /// population
-- title = "市级应评查的县级案卷"
-- grain = "one place in a city's review quota, filled by a case of a county unit decided in the window"
-- [columns]
-- is_reviewed = "已经市级评查"
-- ///
--
-- 统计期内县级主体作出决定、不适用简易程序的案件中，市级应当评查的名额：每个县级主体在每个领域，取决定案件的2%（进位取整）与10件中较大的，
-- 案件不足10件的为全部（参数 `case_review.share_min`、`case_review.cases_min`）。名额先由已经市级评查的案件填入，再由其余案件依决定先后填入；
-- 超过名额的案件不在其内：多评查不加分，一个县多评查也不能抵另一个县的少评查。
-- `unit_id`：县级主体之上的市级主体；上面没有市级主体的县（省直管）不在其内。`is_reviewed`：截至数据截止日有市级组织的评查，不论结果。
-- 没有剔除项。案卷是否随机抽取，从数据中看不出来。
WITH decided AS (
  SELECT s.city_unit_id, c.unit_id AS county_unit_id, c.domain, c.record_id, c.source_file, c.source_line, c.decided_on,
         count(*) OVER (PARTITION BY c.unit_id, c.domain) AS cases
  FROM case_register AS c
  JOIN supervising_cities AS s ON s.unit_id = c.unit_id AND s.tier = 'county' AND s.city_unit_id IS NOT NULL
  WHERE coalesce(c.procedure, 'ordinary') <> 'simple' AND end_of(c.decided_on) > $from AND end_of(c.decided_on) <= $as_of
),
city_reviews AS (
  SELECT case_id, min(reviewed_on) AS reviewed_on
  FROM case_file_reviews
  WHERE tier = 'city' AND end_of(reviewed_on) <= $as_of
  GROUP BY case_id
),
placed AS (
  SELECT d.*, r.reviewed_on, r.case_id IS NOT NULL AS is_reviewed,
         greatest(ceil(CAST(d.cases AS DOUBLE) * CAST(param('case_review.share_min', d.domain, d.decided_on) AS DOUBLE)),
                  CAST(param('case_review.cases_min', d.domain, d.decided_on) AS DOUBLE)) AS places,
         row_number() OVER (PARTITION BY d.county_unit_id, d.domain ORDER BY r.case_id IS NULL, d.decided_on, d.record_id) AS place
  FROM decided AS d
  LEFT JOIN city_reviews AS r ON r.case_id = d.record_id
)
SELECT city_unit_id AS unit_id, domain, record_id, source_file, source_line, county_unit_id, decided_on, reviewed_on, is_reviewed,
       CAST(NULL AS VARCHAR) AS excluded_because, 'due' AS state
FROM placed
WHERE place <= places
