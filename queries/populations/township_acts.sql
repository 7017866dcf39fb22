-- /// population
-- title = "乡镇执法行为与赋权事项清单"
-- grain = "one case or one inspection of a township"
-- [excluded]
-- before_first_list = "当时该乡镇（街道）尚无赋权事项清单，无从比对"
-- ///
--
-- 行为当日层级为乡镇（街道）的单位的案件（按 `opened_on`）和检查，以及所涉事项当日是否列入本单位的清单（`is_listed`，见 `act_items`）。
-- 没有任何事项编码的，视为没有列入。乡镇（街道）交回的事项，到最后有效日为止在清单内，此后不在。
SELECT a.unit_id, a.domain, a.record_id, a.source_file, a.source_line, a.act_kind, a.acted_on, a.item_code, a.is_listed,
       CASE WHEN NOT a.had_list THEN 'before_first_list' END AS excluded_because,
       CASE WHEN NOT a.had_list THEN 'excluded' ELSE 'due' END AS state
FROM act_items AS a
JOIN unit_spans AS u ON u.unit_id = a.unit_id AND a.acted_on BETWEEN u.valid_from AND u.valid_to AND u.tier = 'township'
