-- /// population
-- title = "有自动监测手段的事项（有效区间互不重叠）"
-- grain = "one item in one span of validity"
-- ///
--
-- `monitored_pollution_types` 的各行，补上最后有效日：该事项下一行生效的前一日。
SELECT item_code, valid_from, is_automatic_available,
       coalesce(lead(valid_from) OVER (PARTITION BY item_code ORDER BY valid_from) - 1, DATE '9999-12-31') AS valid_to
FROM monitored_pollution_types
