-- /// population
-- title = "应由两名以上执法人员实施的执法行为"
-- grain = "one inspection, or one case with a decision, by the as-of date"
-- [excluded]
-- not_onsite = "书面、线上或非现场检查，没有入企"
-- [columns]
-- qualified_officers = "当日持有效执法证的人数"
-- has_two_officers = "有足够的持证人员"
-- ///
--
-- 行政检查（以检查之日为准）和已作出决定的案件（各种程序和结果，以决定之日为准）。`due_on` 为该日：行为作出即到期。
-- `qualified_officers`：以人员编号或执法证号列出的人员中，在执法人员名录内、当日在证件有效期内的不同人数；辅助人员不算，
-- 没有证号或有效期的不能证明持证，不算。没有列出人员的为零。
-- `has_two_officers`：不少于 `act.officers_min`；简易程序案件不少于 `simple.officers_min`。
-- 没有入企的检查予以剔除；自报非现场而有扫码入企记录的，是入企检查，不剔除。
WITH acts AS (
  SELECT unit_id, act_domain AS domain, 'inspection ' || record_id AS act_id, record_id, source_file, source_line, checked_on AS acted_on,
         officers, officer_certificates, param('act.officers_min', act_domain, checked_on) AS officers_min,
         CASE WHEN NOT is_onsite AND scanned_at IS NULL THEN 'not_onsite' END AS excluded_because
  FROM inspection_register
  WHERE end_of(checked_on) <= $as_of
  UNION ALL
  SELECT unit_id, domain, 'case ' || record_id, record_id, source_file, source_line, decided_on, officers, officer_certificates,
         CASE WHEN procedure = 'simple' THEN param('simple.officers_min', domain, decided_on) ELSE param('act.officers_min', domain, decided_on) END,
         CAST(NULL AS VARCHAR)
  FROM case_register
  WHERE end_of(decided_on) <= $as_of
),
certified AS (
  SELECT officer_id, certificate_no, cert_valid_from, cert_valid_to
  FROM officers
  WHERE certificate_no IS NOT NULL AND post_kind IS DISTINCT FROM 'assistant'
),
present AS (
  SELECT l.act_id, o.officer_id
  FROM (SELECT act_id, acted_on, unnest(officers) AS listed FROM acts) AS l
  JOIN certified AS o ON o.officer_id = l.listed AND l.acted_on BETWEEN o.cert_valid_from AND o.cert_valid_to
  UNION
  SELECT l.act_id, o.officer_id
  FROM (SELECT act_id, acted_on, unnest(officer_certificates) AS listed FROM acts) AS l
  JOIN certified AS o ON o.certificate_no = l.listed AND l.acted_on BETWEEN o.cert_valid_from AND o.cert_valid_to
)
SELECT a.unit_id, a.domain, a.record_id, a.source_file, a.source_line, a.acted_on, a.acted_on AS due_on,
       coalesce(p.qualified_officers, 0) AS qualified_officers, coalesce(p.qualified_officers, 0) >= a.officers_min AS has_two_officers,
       a.excluded_because, CASE WHEN a.excluded_because IS NOT NULL THEN 'excluded' ELSE 'due' END AS state
FROM acts AS a
LEFT JOIN (SELECT act_id, count(*) AS qualified_officers FROM present GROUP BY act_id) AS p ON p.act_id = a.act_id
