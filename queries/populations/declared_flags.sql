-- /// population
-- title = "自报的标志与依数据的认定"
-- grain = "one flag of one record that the data can tell as well as its unit"
-- ///
--
-- 本期记录自报的七种标志，以及依数据的认定。计分一律依认定，自报只作比对；不一致的多，说明自报不可靠。
-- is_enforcement（工单与行政执法有关）、is_reasonable（诉求合理）：见 `hotline_register`；没有认定是否合理的工单，不在此列。
-- counts_toward_cap（检查计入频次）：见 `counted_visits`。
-- is_food_drug（食品药品案件、线索）：所涉事项在事项清单内并且清单注明的，依清单（`item_kinds`）；其余无从比对，不在此列。
-- hearing_required（应当告知听证权利）：见 `penalty_decisions`。
-- damage（造成生态环境损害）：已要求制定修复方案的处罚案件，有损害（见 `eco_penalty_cases`）；其余无从比对，不在此列。
-- anonymous（匿名）：填报为匿名的工单和投诉举报，有可以联系的途径的，不是匿名（见 `hotline_callers`、`complaint_register`）。
-- 没有自报的，视为“否”；`counts_toward_cap`、`damage` 没有自报的，不在此列。
SELECT unit_id, act_domain AS domain, 'hotline_orders' AS source_table, 'is_enforcement' AS flag, record_id, source_file, source_line,
       created_on AS happened_on, declared AS is_declared, about_enforcement AS is_derived
FROM hotline_register
WHERE end_of(created_on) <= $as_of
UNION ALL
SELECT unit_id, act_domain, 'hotline_orders', 'is_reasonable', record_id, source_file, source_line, created_on, is_reasonable, is_justified
FROM hotline_register
WHERE end_of(created_on) <= $as_of AND is_reasonable IS NOT NULL
UNION ALL
SELECT unit_id, domain, 'inspections', 'counts_toward_cap', record_id, source_file, source_line, checked_on, counts_toward_cap, state = 'due'
FROM counted_visits
WHERE counts_toward_cap IS NOT NULL
UNION ALL
SELECT c.unit_id, c.domain, 'cases', 'is_food_drug', c.record_id, c.source_file, c.source_line, c.opened_on, coalesce(c.is_food_drug, false), i.is_food_drug
FROM case_register AS c
JOIN item_kinds AS i ON i.item_code = c.item_code
WHERE i.is_food_drug IS NOT NULL AND end_of(c.opened_on) <= $as_of
UNION ALL
SELECT l.unit_id, l.domain, 'leads', 'is_food_drug', l.lead_id, l.source_file, l.source_line, l.received_on, coalesce(l.is_food_drug, false), i.is_food_drug
FROM leads AS l
JOIN item_kinds AS i ON i.item_code = l.item_code
WHERE i.is_food_drug IS NOT NULL AND end_of(l.received_on) <= $as_of
UNION ALL
SELECT unit_id, domain, 'cases', 'hearing_required', record_id, source_file, source_line, decided_on, coalesce(hearing_required, false), needs_hearing
FROM penalty_decisions
WHERE state = 'due'
UNION ALL
SELECT unit_id, domain, 'cases', 'damage', record_id, source_file, source_line, decided_on, damage, true
FROM eco_penalty_cases
WHERE damage IS NOT NULL AND ordered_on IS NOT NULL
UNION ALL
SELECT unit_id, act_domain, 'hotline_orders', 'anonymous', record_id, source_file, source_line, created_on, anonymous, is_anonymous
FROM hotline_callers
WHERE anonymous AND end_of(created_on) <= $as_of
UNION ALL
SELECT unit_id, act_domain, 'complaints', 'anonymous', record_id, source_file, source_line, received_on, anonymous, is_anonymous
FROM complaint_register
WHERE anonymous AND end_of(received_on) <= $as_of
