-- /// population
-- title = "入企检查是否与其他单位重复"
-- grain = "one inspection of an enterprise in the window"
-- [excluded]
-- case_driven = "因投诉、交办、突发事件等启动并按期备案，不算重复检查"
-- [columns]
-- is_repeat = "短期内其他单位检查过同一企业"
-- is_cross_tier = "不同层级就同一事项重复检查"
-- ///
--
-- `$from` 以来的入企检查（见 `enterprise_visits`），是否重复了此前其他单位的检查（见 `repeats_of_all_dates`）。此前的检查不受 `$from` 的限制，
-- 年初的检查同样看上年年底。被检查的企业（`enterprise_key`）依 `counted_visits` 认定。
-- 重复归于后去的单位：此前的检查它可以查到。没有企业代码的检查，不能与其他单位的检查对照，只在分母。
-- 因投诉、交办、突发事件等启动并按期备案的，既不算重复，也不使别人重复，予以剔除；自报而没有备案的照样计入。
SELECT v.unit_id, v.domain, v.record_id, v.source_file, v.source_line, c.enterprise_key, v.checked_on, v.began_at AS due_at, u.tier,
       coalesce(r.is_repeat, false) AS is_repeat, coalesce(r.is_cross_tier, false) AS is_cross_tier, v.excluded_because,
       CASE WHEN v.excluded_because IS NOT NULL THEN 'excluded' WHEN v.is_open THEN 'pending' ELSE 'due' END AS state
FROM (
  SELECT unit_id, domain, record_id, source_file, source_line, checked_on, began_at, state = 'pending' AS is_open,
         CASE WHEN excluded_because IS NOT NULL THEN excluded_because WHEN is_case_driven THEN 'case_driven' END AS excluded_because
  FROM enterprise_visits
) AS v
JOIN counted_visits AS c ON c.record_id = v.record_id
LEFT JOIN unit_spans AS u ON u.unit_id = v.unit_id AND v.checked_on BETWEEN u.valid_from AND u.valid_to
LEFT JOIN repeats_of_all_dates AS r ON r.record_id = v.record_id
