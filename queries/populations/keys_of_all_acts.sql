-- /// population
-- title = "全部案件和检查的编码"
-- grain = "one case or one inspection"
-- [columns]
-- keys_checked = "应核对的编码数"
-- keys_valid = "有效的编码数"
-- invalid_keys = "缺少或无效的编码"
-- ///
--
-- 全部案件（按 `opened_on`）和检查，不论数据截止日，及其应核对、有效的编码数：
-- 信用代码：当事人（检查对象）不是自然人的，统一社会信用代码符合GB 32100-2015。以身份证号码登记的个体工商户，视为自然人，不核对。
-- 区划代码：在事项当年的区划版本之内（当年没有版本的，取此前最近的；早于最早版本的，取最早的）；12位的取前9位。
-- 事项编码：在本单位当日有效的事项清单之内（`act_items`）；单位当时还没有清单的，不核对。
-- 执法证件：每一名执法人员当日都持有有效证件；没有人员编号的，按证号。
-- 应有而没有填写的，与无效的同样看待：不填不能使编码退出分母。不能核对的（全省没有装载区划、人员名录），也为无效，须先装载名录。
-- `due_on`：录入的最后一日（时限 `data_entry.target`）。没有剔除项。`recorded_at`：录入的时刻；来源没有的为空。
WITH acts AS (
  SELECT 'cases' AS source_table, 'penalty' AS act_kind, unit_id, domain, record_id, source_file, source_line, opened_on AS acted_on, region_code,
         created_at AS recorded_at,
         CASE WHEN credit_code IS NULL
               AND (coalesce(party_kind, '') = 'person'
                    OR (coalesce(party_kind, '') <> 'org' AND coalesce(regexp_like(party_code, '^[1-8][0-9]{5}[0-9*]{11}[0-9*Xx]$'), false)))
              THEN false ELSE true END AS is_enterprise,
         coalesce(credit_code, party_code) AS subject_code, officers, officer_certificates
  FROM case_register
  UNION ALL
  SELECT 'inspections', 'inspection', unit_id, act_domain, record_id, source_file, source_line, checked_on, region_code, created_at,
         NOT is_of_person, enterprise_code, officers, officer_certificates
  FROM inspection_register
),
versions AS (
  SELECT version_year, lead(version_year) OVER (ORDER BY version_year) AS next_year,
         row_number() OVER (ORDER BY version_year) AS nth
  FROM (SELECT DISTINCT version_year FROM regions) AS y
),
places AS (
  SELECT r.region_code, CASE WHEN v.nth = 1 THEN 0 ELSE v.version_year END AS from_year, coalesce(v.next_year - 1, 9999) AS until_year
  FROM regions AS r
  JOIN versions AS v ON v.version_year = r.version_year
),
named AS (
  SELECT source_table, record_id, acted_on, 'officer' AS named_by, unnest(officers) AS named_as
  FROM acts
  WHERE cardinality(officers) > 0
  UNION ALL
  SELECT source_table, record_id, acted_on, 'certificate', unnest(officer_certificates)
  FROM acts
  WHERE coalesce(cardinality(officers), 0) = 0 AND cardinality(officer_certificates) > 0
),
certificates AS (
  SELECT 'officer' AS named_by, officer_id AS named_as, cert_valid_from, coalesce(cert_valid_to, DATE '9999-12-31') AS cert_valid_to FROM officers
  UNION ALL
  SELECT 'certificate', certificate_no, cert_valid_from, coalesce(cert_valid_to, DATE '9999-12-31') FROM officers
),
by_officer AS (
  SELECT n.source_table, n.record_id, n.named_as,
         bool_or(coalesce(n.acted_on BETWEEN c.cert_valid_from AND c.cert_valid_to, false)) AS holds_certificate
  FROM named AS n
  LEFT JOIN certificates AS c ON c.named_by = n.named_by AND c.named_as = n.named_as
  GROUP BY 1, 2, 3
),
certified AS (
  SELECT source_table, record_id, bool_and(holds_certificate) AS all_certified FROM by_officer GROUP BY 1, 2
),
judged AS (
  SELECT a.source_table, a.unit_id, a.domain, a.record_id, a.source_file, a.source_line, a.acted_on, a.recorded_at,
         2 + CASE WHEN a.is_enterprise THEN 1 ELSE 0 END + CASE WHEN i.had_list THEN 1 ELSE 0 END AS keys_checked,
         concat_ws('、',
           CASE WHEN a.is_enterprise AND NOT coalesce(uscc_is_valid(a.subject_code), false) THEN '信用代码' END,
           CASE WHEN p.region_code IS NULL THEN '区划代码' END,
           CASE WHEN i.had_list AND NOT i.is_listed THEN '事项编码' END,
           CASE WHEN NOT coalesce(c.all_certified, false) THEN '执法证件' END) AS invalid_keys
  FROM acts AS a
  LEFT JOIN items_of_all_acts AS i ON i.act_kind = a.act_kind AND i.record_id = a.record_id
  LEFT JOIN certified AS c ON c.source_table = a.source_table AND c.record_id = a.record_id
  LEFT JOIN places AS p ON p.region_code = substr(a.region_code, 1, 9) AND extract(year FROM a.acted_on) BETWEEN p.from_year AND p.until_year
)
SELECT j.*, due_on('data_entry.target', domain, acted_on) AS due_on,
       keys_checked - CASE WHEN invalid_keys = '' THEN 0
                           ELSE character_length(invalid_keys) - character_length(replace(invalid_keys, '、', '')) + 1 END AS keys_valid
FROM judged AS j
