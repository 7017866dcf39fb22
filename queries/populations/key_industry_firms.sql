-- /// population
-- title = "重点行业企业与年度应检查次数"
-- grain = "one firm of one yearly quota for a key industry"
-- [excluded]
-- not_in_operation = "已注销、吊销、撤销、停业、歇业或迁出"
-- established_this_year = "当年设立，不满一个年度"
-- no_required_number = "频次表没有写明每年应检查次数"
-- no_source = "频次表没有写明公布或规定的依据，不能作为考核要求"
-- [columns]
-- visits = "当年检查次数"
-- is_met = "检查次数达到要求且不超过上限"
-- is_over_published_cap = "检查超过公布的频次上限"
-- is_high_risk_transport = "“两客一危”"
-- ///
--
-- 当年频次表（`key_industry_quota`）所列重点行业的各家企业。一家企业适用数行的，每行各为一项要求。
-- 频次表列有名单的，为名单上的企业，重复列出的只为一行；没有名单的，为单位辖区内重点监管类别或者行业代码（GB/T 4754 代码，频次表可以只写前一至四位）相符的在册企业。
-- 名单上的企业不在名录中的，照样计入：查不到信息不使企业退出分母。
-- `due_on`：当年12月31日；年度未完之前一律未到期，提前达到次数的不提前计入。
-- `visits`：当年本单位实施或者一并参加（`joint_units`）的本领域入企检查，同一日只算一次；有因检查和承诺核查不是计划检查，不算。
-- `is_met`：检查次数不少于要求，且不超过频次表所定的上限（没有写明的，不限）：次数多并不更好。
-- `is_over_published_cap`：频次表没有另定上限，检查次数多于要求，且本单位对该企业的检查有一次超过 `inspection_caps` 公布的（没有公布的，
-- 参数所定的）上限，见 `counted_visits`。要求次数之内的检查是法定职责，不因一般上限较低而算超限。
-- `is_high_risk_transport`：交通运输领域的“两客一危”（道路旅客运输、旅游客运、危险货物运输）。
WITH quotas AS (
  SELECT q.unit_id, coalesce(q.domain, 'other') AS domain, q.industry_code, q.required_per_year, q.cap, q.targets, trim(q.source) AS basis_document,
         q.source_file, q.source_line, u.area, CAST(CAST(q.year AS VARCHAR) || '-12-31' AS DATE) AS due_on,
         coalesce(q.domain = 'transport', false)
           AND regexp_like(concat(q.industry_code, coalesce(q.industry_name, '')), '两客一危|客运|旅客|危险货物|危货|危运') AS is_high_risk_transport
  FROM key_industry_quota AS q
  LEFT JOIN unit_areas AS u ON u.unit_id = q.unit_id AND day_of($as_of - INTERVAL '1 second') BETWEEN u.valid_from AND u.valid_to
  WHERE q.year = date_part('year', day_of($as_of - INTERVAL '1 second'))
),
register AS (
  SELECT credit_code, region_code, industry_code, regulated_kinds, established_on, is_gone
  FROM enterprise_spans
  WHERE day_of($as_of - INTERVAL '1 second') BETWEEN valid_from AND valid_to
),
codes AS (
  SELECT credit_code, is_kind, code,
         unnest(array_distinct(make_array(substr(place, 1, 2), substr(place, 1, 4), substr(place, 1, 6), substr(place, 1, 9), place))) AS area
  FROM (
    SELECT credit_code, coalesce(region_code, substr(credit_code, 3, 6)) AS place, true AS is_kind, unnest(regulated_kinds) AS code
    FROM register
    WHERE cardinality(regulated_kinds) > 0
    UNION ALL
    SELECT credit_code, coalesce(region_code, substr(credit_code, 3, 6)), false,
           unnest(make_array(substr(industry_code, 1, 1), substr(industry_code, 1, 2), substr(industry_code, 1, 3), substr(industry_code, 1, 4), industry_code))
    FROM register
    WHERE industry_code IS NOT NULL
  ) AS c
  WHERE code IN (SELECT industry_code FROM quotas)
),
named AS (
  SELECT q.*, unnest(array_distinct(q.targets)) AS firm FROM quotas AS q WHERE cardinality(q.targets) > 0
  UNION ALL
  SELECT q.*, c.credit_code
  FROM quotas AS q
  JOIN codes AS c ON c.code = q.industry_code AND c.area = q.area
  WHERE coalesce(cardinality(q.targets), 0) = 0 AND (c.is_kind OR regexp_like(q.industry_code, '^[0-9]+$'))
),
firms AS (
  SELECT *
  FROM (SELECT *, row_number() OVER (PARTITION BY unit_id, industry_code, firm ORDER BY required_per_year DESC, source_file, source_line) AS nth FROM named) AS n
  WHERE nth = 1
),
visit_days AS (
  SELECT unit_id, act_domain AS domain, joint_units, enterprise_code, checked_on
  FROM inspection_register
  WHERE is_onsite AND coalesce(kind, 'routine') NOT IN ('cause', 'commitment') AND enterprise_code IS NOT NULL
    AND date_part('year', checked_on) = date_part('year', day_of($as_of - INTERVAL '1 second')) AND end_of(checked_on) <= $as_of
),
visits AS (
  SELECT unit_id, domain, enterprise_code, count(DISTINCT checked_on) AS visits
  FROM (
    SELECT unit_id, domain, enterprise_code, checked_on FROM visit_days
    UNION ALL
    SELECT unnest(joint_units), domain, enterprise_code, checked_on FROM visit_days WHERE cardinality(joint_units) > 0
  ) AS v
  GROUP BY unit_id, domain, enterprise_code
),
breaches AS (
  SELECT DISTINCT unit_id, domain, enterprise_key
  FROM counted_visits
  WHERE is_breach
),
judged AS (
  SELECT f.unit_id, f.domain, f.unit_id || ' / ' || f.industry_code || ' / ' || f.firm AS record_id, f.source_file, f.source_line,
         f.firm, f.required_per_year, f.cap, f.due_on, f.is_high_risk_transport, coalesce(v.visits, 0) AS visits,
         b.unit_id IS NOT NULL AND f.cap IS NULL AND coalesce(v.visits > f.required_per_year, false) AS is_over_published_cap,
         CASE WHEN r.is_gone THEN 'not_in_operation'
              WHEN date_part('year', r.established_on) = date_part('year', f.due_on) THEN 'established_this_year'
              WHEN coalesce(f.required_per_year, 0) <= 0 THEN 'no_required_number'
              WHEN coalesce(f.basis_document, '') = '' THEN 'no_source' END AS excluded_because
  FROM firms AS f
  LEFT JOIN register AS r ON r.credit_code = f.firm
  LEFT JOIN visits AS v ON v.unit_id = f.unit_id AND v.domain = f.domain AND v.enterprise_code = f.firm
  LEFT JOIN breaches AS b ON b.unit_id = f.unit_id AND b.domain = f.domain AND b.enterprise_key = f.firm
)
SELECT *, coalesce(visits >= required_per_year AND visits <= coalesce(cap, visits), false) AS is_met,
       CASE WHEN excluded_because IS NOT NULL THEN 'excluded' WHEN end_of(due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM judged
