-- /// population
-- title = "监督和抽查发现的执法过错"
-- grain = "one fault code found in one act of one unit"
-- [excluded]
-- no_fault_code = "监督意见书、决定书没有过错代码，看不出是什么过错"
-- [columns]
-- is_repeated = "同类过错此前已被发现"
-- ///
--
-- 统计期内监督文书所列和现场抽查所发现的过错，按过错代码各为一行。同一行为的同一过错被数次发现的（抽查之后又发监督文书），只计最早的一次。
-- `is_repeated`：同一单位、同一领域的同一过错代码，在统计期内更早的日期已在另一行为中被发现；同日一并发现的，不是重复发生。
-- 监督通知书没有过错代码的，抽查没有发现过错的，不在本口径内。
WITH reported AS (
  SELECT d.to_unit AS unit_id, coalesce(d.domain, 'other') AS act_domain, d.doc_id AS record_id, d.source_file, d.source_line, d.issued_on AS found_on,
         coalesce('case ' || d.case_id, d.doc_id) AS act,
         unnest(CASE WHEN cardinality(fault_codes) > 0 THEN array_distinct(fault_codes) ELSE make_array('') END) AS fault_code
  FROM supervision_docs AS d
  WHERE end_of(issued_on) > $from AND end_of(issued_on) <= $as_of
    AND (coalesce(cardinality(fault_codes), 0) > 0 OR kind IS DISTINCT FROM 'notice')
  UNION ALL
  SELECT s.unit_id, coalesce(s.domain, 'other'), s.spot_id, source_file, source_line, checked_on,
         CASE WHEN coalesce(subject_kind, 'other') = 'other' THEN spot_id ELSE coalesce(subject_kind || ' ' || subject_id, spot_id) END,
         unnest(array_distinct(found))
  FROM spot_checks AS s
  WHERE end_of(checked_on) > $from AND end_of(checked_on) <= $as_of AND cardinality(found) > 0
),
faults AS (
  SELECT *, row_number() OVER (PARTITION BY unit_id, act_domain, fault_code, act ORDER BY found_on, record_id) AS nth,
         min(found_on) OVER (PARTITION BY unit_id, act_domain, fault_code) AS first_on
  FROM reported
)
SELECT unit_id, act_domain AS domain, record_id, source_file, source_line, found_on, fault_code, fault_code <> '' AND first_on < found_on AS is_repeated,
       CASE WHEN fault_code = '' THEN 'no_fault_code' END AS excluded_because,
       CASE WHEN fault_code = '' THEN 'excluded' ELSE 'due' END AS state
FROM faults
WHERE nth = 1
