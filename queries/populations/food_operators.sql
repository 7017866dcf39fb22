-- /// population
-- title = "应在两年内全覆盖检查的食品经营者"
-- grain = "one food operator"
-- [excluded]
-- not_in_operation = "已注销、吊销、撤销、停业、歇业或迁出"
-- [columns]
-- is_covered = "期内受过检查"
-- ///
--
-- 数据截止日在册的食品经营者，归所在地的市场监管单位：区划为经营者所在县（或者不设县的市）的单位；
-- 没有的，归所在市的单位；市也没有的，归省的单位。没有填写区划的，以信用代码中的登记地为准；同样逐级上归，不因区划缺漏退出分母。
-- `is_covered`：统计期内受过市场监管领域的入企检查，不论由哪个单位实施；有因检查和承诺核查不是全面检查，数据中没有更确切的标志。
-- `state` 未到期：在统计期内设立的，最初两年尚未届满。
WITH operators AS (
  SELECT credit_code, coalesce(region_code, substr(credit_code, 3, 6)) AS region_code, established_on, source_file, source_line, is_gone
  FROM enterprise_spans
  WHERE food_operator AND day_of($as_of - INTERVAL '1 second') BETWEEN valid_from AND valid_to
),
offices AS (
  SELECT tier, region_code, min(unit_id) AS unit_id
  FROM unit_spans
  WHERE tier IN ('province', 'city', 'county') AND array_has(domain_list, 'market')
    AND day_of($as_of - INTERVAL '1 second') BETWEEN valid_from AND valid_to
  GROUP BY tier, region_code
),
visits AS (
  SELECT enterprise_code, max(checked_on) AS checked_on
  FROM inspection_register
  WHERE act_domain = 'market' AND is_onsite AND coalesce(kind, 'routine') NOT IN ('cause', 'commitment')
    AND end_of(checked_on) > $from AND end_of(checked_on) <= $as_of
  GROUP BY enterprise_code
)
SELECT coalesce(n.unit_id, c.unit_id, p.unit_id) AS unit_id, 'market' AS domain, o.credit_code AS record_id, o.source_file, o.source_line, v.checked_on,
       v.checked_on IS NOT NULL AS is_covered,
       CASE WHEN o.is_gone THEN 'not_in_operation' END AS excluded_because,
       CASE WHEN o.is_gone THEN 'excluded'
            WHEN o.established_on >= day_of($from) THEN 'pending'
            ELSE 'due' END AS state
FROM (SELECT min(unit_id) AS unit_id FROM offices WHERE tier = 'province') AS p
CROSS JOIN operators AS o
LEFT JOIN (SELECT region_code, min(unit_id) AS unit_id FROM offices WHERE tier <> 'province' GROUP BY region_code) AS n
  ON n.region_code = substr(o.region_code, 1, 6)
LEFT JOIN (SELECT region_code, unit_id FROM offices WHERE tier = 'city') AS c ON c.region_code = substr(o.region_code, 1, 4) || '00'
LEFT JOIN visits AS v ON v.enterprise_code = o.credit_code
WHERE coalesce(n.unit_id, c.unit_id, p.unit_id) IS NOT NULL
