-- /// population
-- title = "市级评查后又经复评的案卷"
-- grain = "one pair of a review by a city and its re-review"
-- [excluded]
-- not_blind = "复评不是盲评，复评人看得到原等次"
-- same_reviewer = "复评人与原评查人是同一人"
-- no_grade = "原评查或者复评没有等次"
-- [columns]
-- is_agreed = "等次一致"
-- ///
--
-- 由 `second_review_id` 相连的两次评查，不论由哪一行指向另一行；较早的为原评查，同日的，被指向的为原评查。只计原评查由市级组织的。
-- `unit_id`：被评查主体之上的市级主体，即组织原评查的市；上面没有市级主体的不在其内。归复评之月。领域没有填写的，以案件的领域为准。
-- `is_agreed`：两次的等次相同；总分相差多少不论。
WITH reviews AS (
  SELECT * FROM case_file_reviews WHERE end_of(reviewed_on) <= $as_of
),
pairs AS (
  SELECT CASE WHEN a.reviewed_on < b.reviewed_on THEN a.review_id ELSE b.review_id END AS first_id,
         CASE WHEN a.reviewed_on < b.reviewed_on THEN b.review_id ELSE a.review_id END AS second_id
  FROM reviews AS a
  JOIN reviews AS b ON b.review_id = a.second_review_id
  GROUP BY 1, 2
)
SELECT p.*, CASE WHEN p.excluded_because IS NULL THEN 'due' ELSE 'excluded' END AS state
FROM (
  SELECT s.city_unit_id AS unit_id, coalesce(f.domain, c.domain, 'other') AS domain, r.review_id AS record_id, r.source_file, r.source_line,
         f.review_id AS first_review_id, r.reviewed_on, f.grade AS first_grade, r.grade,
         coalesce(f.grade = r.grade, false) AS is_agreed,
         CASE WHEN NOT coalesce(r.blind, false) THEN 'not_blind'
              WHEN f.reviewer_id = r.reviewer_id THEN 'same_reviewer'
              WHEN f.grade IS NULL OR r.grade IS NULL THEN 'no_grade' END AS excluded_because
  FROM pairs AS q
  JOIN reviews AS f ON f.review_id = q.first_id AND f.tier = 'city'
  JOIN reviews AS r ON r.review_id = q.second_id
  JOIN supervising_cities AS s ON s.unit_id = f.unit_id AND s.city_unit_id IS NOT NULL
  LEFT JOIN case_register AS c ON c.case_id = f.case_id
) AS p
