-- /// population
-- title = "经评查的案卷"
-- grain = "one case file, by the review that stands"
-- [excluded]
-- no_result = "没有等次，没有总分，也没有否决项，看不出结果"
-- [columns]
-- is_passed = "合格以上"
-- is_excellent = "优秀"
-- ///
--
-- 截至数据截止日评查过的案卷，不论评查几次只计一次：以层级最高的评查为准，同一层级以较晚的一次为准——下级自评为优秀的，上级评查后以上级为准。
-- 归首次评查之月（`first_reviewed_on`），复评改变结果、不改变月份。没有案件编号的评查，单独计一件；领域没有填写的，以案件的领域为准。
-- `has_veto`：触及否决项，一票否决，不论总分和等次。
-- `is_passed`、`is_excellent`：没有否决项，等次和总分（分数线为参数 `casefile.pass_mark`、`casefile.excellent_mark`）都达到；
-- 只有其中一项的，看这一项。
WITH reviews AS (
  SELECT *, coalesce(case_id, review_id) AS file,
         row_number() OVER (PARTITION BY coalesce(case_id, review_id)
                            ORDER BY CASE tier WHEN 'province' THEN 1 WHEN 'city' THEN 2 WHEN 'county' THEN 3 ELSE 4 END,
                                     reviewed_on DESC, review_id DESC) AS place,
         min(reviewed_on) OVER (PARTITION BY coalesce(case_id, review_id)) AS first_reviewed_on
  FROM case_file_reviews
  WHERE end_of(reviewed_on) <= $as_of
),
standing AS (
  SELECT r.unit_id, coalesce(r.domain, c.domain, 'other') AS domain, r.review_id, r.source_file, r.source_line, r.case_id, r.tier, r.reviewed_on,
         r.first_reviewed_on, r.grade, r.total, coalesce(cardinality(r.veto_items), 0) > 0 AS has_veto
  FROM reviews AS r
  LEFT JOIN case_register AS c ON c.case_id = r.case_id
  WHERE r.place = 1
)
SELECT s.unit_id, s.domain, s.review_id AS record_id, s.source_file, s.source_line, s.case_id, s.tier, s.reviewed_on, s.first_reviewed_on, s.has_veto,
       NOT s.has_veto AND coalesce(s.grade <> 'fail', true) AND coalesce(s.total >= param('casefile.pass_mark', s.domain, s.reviewed_on), true)
         AND s.excluded_because IS NULL AS is_passed,
       NOT s.has_veto AND coalesce(s.grade = 'excellent', true) AND coalesce(s.total >= param('casefile.excellent_mark', s.domain, s.reviewed_on), true)
         AND s.excluded_because IS NULL AS is_excellent,
       s.excluded_because, CASE WHEN s.excluded_because IS NULL THEN 'due' ELSE 'excluded' END AS state
FROM (
  SELECT *, CASE WHEN grade IS NULL AND total IS NULL AND NOT has_veto THEN 'no_result' END AS excluded_because
  FROM standing
) AS s
