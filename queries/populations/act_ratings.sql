-- /// population
-- title = "对行政执法行为的好差评"
-- grain = "one rating"
-- [excluded]
-- automatic = "系统自动给出的评价（差评除外）"
-- not_enforcement = "评价的是政务服务或者其他事项，不是行政执法行为"
-- no_grade = "没有星级，也没有文字等级"
-- [columns]
-- grade = "评价等级（1—5）"
-- is_good = "好评"
-- is_bad = "差评"
-- ///
--
-- 各条好差评，计入评价之月。`grade`：星级（1—5）；没有星级或者不在1—5内的，由文字等级换算（非常满意为5，非常不满意为1）。
-- `is_good`：不低于参数 `rating.good_stars_min`；`is_bad`：不高于 `rating.bad_stars_max`；“基本满意”（3）不是好评，也不是差评。
-- 是否对行政执法行为的评价：评价的编号是一件案件或者一次检查的，是；编号查不到的，看评价行为的种类，种类为案件、检查的是，
-- 热线工单看该工单是否与行政执法有关（见 `hotline_register`），政务服务和其他的不是。种类没有填写的，视为对执法行为的评价：
-- 种类由单位填写，不填不能使评价退出分母；把对案件、检查的评价填作政务服务的，也不能。
-- 系统自动给出的评价予以剔除；系统不会自动给差评，标记为自动的差评照计。
WITH graded AS (
  SELECT r.*, coalesce(r.domain, 'other') AS act_domain,
         coalesce(CASE WHEN r.stars BETWEEN 1 AND 5 THEN r.stars END,
                  CASE r.satisfaction WHEN 'very_satisfied' THEN 5 WHEN 'satisfied' THEN 4 WHEN 'basically_satisfied' THEN 3
                                      WHEN 'dissatisfied' THEN 2 WHEN 'very_dissatisfied' THEN 1 END) AS grade
  FROM ratings AS r
  WHERE end_of(r.rated_on) <= $as_of
),
judged AS (
  SELECT g.*, coalesce(g.grade >= param('rating.good_stars_min', g.act_domain, g.rated_on), false) AS is_good,
         coalesce(g.grade <= param('rating.bad_stars_max', g.act_domain, g.rated_on), false) AS is_bad,
         c.case_id IS NOT NULL OR i.inspection_id IS NOT NULL
           OR CASE coalesce(g.ref_kind, 'case') WHEN 'case' THEN true WHEN 'inspection' THEN true
                                                WHEN 'hotline_order' THEN coalesce(h.about_enforcement, true) ELSE false END AS is_of_act
  FROM graded AS g
  LEFT JOIN case_register AS c ON c.case_id = g.ref_id
  LEFT JOIN inspection_register AS i ON i.inspection_id = g.ref_id
  LEFT JOIN hotline_register AS h ON h.order_id = g.ref_id
)
SELECT j.*, CASE WHEN j.excluded_because IS NULL THEN 'due' ELSE 'excluded' END AS state
FROM (
  SELECT unit_id, act_domain AS domain, rating_id AS record_id, source_file, source_line, rated_on, rated_at, grade, is_good, is_bad,
         bad_handled_at, callback_at, ref_id,
         CASE WHEN NOT is_of_act THEN 'not_enforcement'
              WHEN grade IS NULL THEN 'no_grade'
              WHEN is_automatic AND NOT is_bad THEN 'automatic' END AS excluded_because
  FROM judged
) AS j
