-- /// population
-- title = "现场抽查结果"
-- grain = "one check on the spot"
-- [excluded]
-- nothing_compared = "没有核对的事实数、一致的事实数，或者没有核对任何事实"
-- [columns]
-- facts_compared = "核对的事实个数"
-- facts_agreeing = "与系统记录一致的事实个数"
-- ///
--
-- 截至数据截止日的各次现场抽查，由省、市抽查组或第三方作出，不论明查暗访、抽查什么。`due_on`：抽查之日。
-- 一致的事实多于核对的事实的行，装载时已经隔离。
SELECT s.*, CASE WHEN s.excluded_because IS NULL THEN 'due' ELSE 'excluded' END AS state
FROM (
  SELECT unit_id, coalesce(domain, 'other') AS domain, spot_id AS record_id, source_file, source_line, checked_on, checked_on AS due_on,
         team, subject_kind, subject_id, facts AS facts_compared, facts_matching AS facts_agreeing,
         CASE WHEN NOT coalesce(facts > 0 AND facts_matching >= 0, false) THEN 'nothing_compared' END AS excluded_because
  FROM spot_checks
  WHERE end_of(checked_on) <= $as_of
) AS s
