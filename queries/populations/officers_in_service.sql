-- /// population
-- title = "统计期内在岗的执法人员及其培训"
-- grain = "one officer who was in post for at least one day of the window"
-- [excluded]
-- assistant = "辅助人员，不是正式执法人员"
-- no_post_date = "没有到岗日期，也没有发证日期"
-- left_too_early = "在岗时间太短，离岗时尚无应完成的培训"
-- ///
--
-- 统计期内在岗的执法人员，归最后一个在岗日所在的单位；各类人员的培训口径都读取本口径。
-- `began_on`：到岗日期；没有填写的，为执法证发证日期。`last_served_on`：统计期内最后一个在岗日。
-- `served_days`：统计期内在岗的天数；`year_days`：全年的天数。按在岗时间折算：在岗多久，应完成多少，离岗的也按此折算，不因离岗退出分母。
-- `domains_passed`：统计期内基础执法流程培训合格的领域个数，不论由谁组织、当时在哪个单位。有成绩的以成绩为准（`training.pass_mark`），
-- 没有成绩的以是否合格为准；没有考核的，没有标明是基础培训的，没有注明领域的（other），不算。
-- `hours`：统计期内的培训学时，一期培训涉及数个领域的各行相加。
-- 在岗不满最少月数（`training.in_post_months_min`）的：仍在岗的为未到期，已离岗的剔除。
-- 人员性质没有填写的，视为正式人员。
WITH served AS (
  SELECT o.officer_id, o.unit_id, o.post_kind, o.source_file, o.source_line, o.began_on, o.last_served_on,
         o.in_post_to IS NOT NULL AND end_of(o.in_post_to) < $as_of AS has_left,
         o.last_served_on - greatest(coalesce(o.began_on, day_of($from)), day_of($from)) + 1 AS served_days,
         CAST(day_of($from) + INTERVAL '1 year' AS DATE) - day_of($from) AS year_days,
         u.tier, u.domain_list, u.parent_unit_id
  FROM (
    SELECT *, coalesce(in_post_from, cert_valid_from) AS began_on,
           least(coalesce(in_post_to, DATE '9999-12-31'), day_of($as_of - INTERVAL '1 second')) AS last_served_on
    FROM officers
  ) AS o
  JOIN unit_spans AS u ON u.unit_id = o.unit_id AND o.last_served_on BETWEEN u.valid_from AND u.valid_to
  WHERE o.last_served_on >= day_of($from) AND coalesce(o.began_on <= o.last_served_on, true)
),
trained AS (
  SELECT officer_id,
         count(DISTINCT domain) FILTER (WHERE is_basic AND domain <> 'other'
                                          AND coalesce(score >= param('training.pass_mark', domain, trained_on), passed, false)) AS domains_passed,
         sum(hours) AS hours
  FROM trainings
  WHERE end_of(trained_on) > $from AND end_of(trained_on) <= $as_of
  GROUP BY officer_id
)
SELECT r.*, CASE WHEN excluded_because IS NOT NULL THEN 'excluded' WHEN has_served_long THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT *, CASE WHEN post_kind = 'assistant' THEN 'assistant'
                 WHEN began_on IS NULL THEN 'no_post_date'
                 WHEN has_left AND NOT has_served_long THEN 'left_too_early' END AS excluded_because
  FROM (
    SELECT s.unit_id, s.tier, s.domain_list, s.parent_unit_id, s.officer_id AS record_id, s.source_file, s.source_line, s.post_kind,
           s.began_on, s.last_served_on, s.has_left, s.served_days, s.year_days,
           coalesce(t.domains_passed, 0) AS domains_passed, coalesce(t.hours, 0) AS hours,
           s.began_on + CAST(CAST(CAST(param('training.in_post_months_min', 'other', s.last_served_on) AS BIGINT) AS VARCHAR) || ' months' AS INTERVAL)
             <= s.last_served_on + 1 AS has_served_long
    FROM served AS s
    LEFT JOIN trained AS t ON t.officer_id = s.officer_id
  ) AS d
) AS r
