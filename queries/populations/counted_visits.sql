-- /// population
-- title = "计入频次上限的入企检查"
-- grain = "one inspection of an enterprise in the window"
-- [excluded]
-- exempt_trigger = "因投诉举报、交办、非现场预警、媒体曝光、复查、企业申请、许可、突发事件、执法监督启动，或属频次上限自定的豁免"
-- not_onsite = "书面、线上或非现场检查，没有入企"
-- natural_person = "检查对象是自然人，不是企业"
-- [columns]
-- is_breach = "超过频次上限"
-- ///
--
-- `$from` 以来的入企检查，逐次对照检查当日有效的年度频次上限：
-- 本单位上限：本单位在本领域的第几次检查，次数大于 `per_unit_cap` 即为超限；
-- 合计上限：本领域各单位合计的第几次检查，同一日一并进行的检查（合并检查、部门联合双随机）只算一次。
-- 超限归于使次数超过上限的那次检查，即归于实施该次检查的单位（`is_breach`）；其后的各次检查也是超限。
-- `inspection_caps` 有数行适用的，取最具体的一行：先看事项，再看企业类别，再看层级；按事项专设上限的检查，单独计次；
-- 没有写明次数的行，不设上限。没有适用的行的，依参数 `inspection.cap.own` 和 `inspection.cap.combined`。
-- 不采用单位自报的是否计入频次（`counts_toward_cap`）。
-- `enterprise_key`：被检查的企业。有统一社会信用代码的，为代码；没有的，为同一单位检查过的同名企业的代码（只有一个时）；
-- 都没有的，在本单位内以名称认定（不同单位的同名企业不视为一家）；名称也没有的，各次检查各为一家，且视为超限：无从证明没有超限。
WITH named AS (
  SELECT i.*, coalesce(i.object_name, i.party_name) AS visited_name
  FROM inspection_register AS i
  WHERE end_of(i.checked_on) > $from AND end_of(i.checked_on) <= $as_of
),
known_names AS (
  SELECT unit_id, visited_name, min(enterprise_code) AS enterprise_code
  FROM named
  WHERE visited_name IS NOT NULL AND enterprise_code IS NOT NULL
  GROUP BY unit_id, visited_name
  HAVING min(enterprise_code) = max(enterprise_code)
),
visits AS (
  SELECT i.unit_id, i.act_domain AS domain, i.record_id, i.source_file, i.source_line, i.item_code,
         coalesce(i.enterprise_code, n.enterprise_code, i.unit_id || ' / ' || i.visited_name, i.record_id) AS enterprise_key,
         i.enterprise_code IS NULL AND i.visited_name IS NULL AS is_unidentified,
         i.counts_toward_cap, i.trigger_kind, i.is_onsite, i.is_of_person, i.began_at, i.checked_on,
         coalesce(i.kind IN ('merged', 'random_joint'), false) AS is_joint, u.tier, e.risk_class
  FROM named AS i
  LEFT JOIN known_names AS n ON n.unit_id = i.unit_id AND n.visited_name = i.visited_name
  LEFT JOIN unit_spans AS u ON u.unit_id = i.unit_id AND i.checked_on BETWEEN u.valid_from AND u.valid_to
  LEFT JOIN enterprise_spans AS e ON e.credit_code = coalesce(i.enterprise_code, n.enterprise_code) AND i.checked_on BETWEEN e.valid_from AND e.valid_to
),
caps AS (
  SELECT v.record_id, k.item_code AS cap_item, k.per_unit_cap, k.combined_cap, k.exempt_triggers,
         row_number() OVER (PARTITION BY v.record_id
                            ORDER BY k.item_code = '*', k.enterprise_class = '*', k.tier = '*', k.domain = '*',
                                     k.valid_from DESC, k.scheme_id) AS preference
  FROM visits AS v
  JOIN inspection_caps AS k ON k.domain IN (v.domain, '*')
  WHERE v.checked_on BETWEEN k.valid_from AND coalesce(k.valid_to, DATE '9999-12-31')
    AND k.item_code IN (coalesce(v.item_code, '*'), '*')
    AND k.enterprise_class IN (coalesce(v.risk_class, '*'), '*')
    AND k.tier IN (coalesce(v.tier, '*'), '*')
),
sorted AS (
  SELECT v.*, k.cap_item,
         CASE WHEN k.record_id IS NULL THEN param('inspection.cap.own', v.domain, v.checked_on) ELSE k.per_unit_cap END AS own_cap,
         CASE WHEN k.record_id IS NULL THEN param('inspection.cap.combined', v.domain, v.checked_on) ELSE k.combined_cap END AS combined_cap,
         CASE WHEN NOT v.is_onsite THEN 'not_onsite'
              WHEN v.is_of_person THEN 'natural_person'
              WHEN array_has(coalesce(k.exempt_triggers,
                     make_array('complaint', 'assigned', 'offsite_alert', 'media', 'recheck', 'request', 'licence', 'emergency', 'supervision')),
                     v.trigger_kind) THEN 'exempt_trigger' END AS excluded_because
  FROM visits AS v
  LEFT JOIN caps AS k ON k.record_id = v.record_id AND k.preference = 1
),
occasions AS (
  SELECT *,
         row_number() OVER (PARTITION BY excluded_because, domain, enterprise_key, cap_item, checked_on,
                                         CASE WHEN is_joint THEN '' ELSE record_id END ORDER BY began_at, record_id) AS nth_of_occasion,
         row_number() OVER (PARTITION BY excluded_because, domain, enterprise_key, cap_item, unit_id
                            ORDER BY began_at, record_id) AS own_visits
  FROM sorted
),
numbered AS (
  SELECT *, sum(CASE WHEN nth_of_occasion = 1 THEN 1 ELSE 0 END)
              OVER (PARTITION BY excluded_because, domain, enterprise_key, cap_item ORDER BY began_at, record_id
                    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS combined_visits
  FROM occasions
)
SELECT unit_id, domain, record_id, source_file, source_line, enterprise_key, checked_on, trigger_kind, counts_toward_cap,
       own_visits, own_cap, combined_visits, combined_cap, excluded_because,
       CASE WHEN excluded_because IS NULL THEN 'due' ELSE 'excluded' END AS state,
       excluded_because IS NULL AND (is_unidentified OR coalesce(own_visits > own_cap, false) OR coalesce(combined_visits > combined_cap, false)) AS is_breach
FROM numbered
