-- /// population
-- title = "有自动监测手段的事项（有效区间互不重叠）"
-- grain = "one item in one span of validity"
-- ///
--
-- The rows of monitored_pollution_types with a last day: the day before the item's next row begins.
SELECT item_code, valid_from, is_automatic_available,
       coalesce(lead(valid_from) OVER (PARTITION BY item_code ORDER BY valid_from) - 1, DATE '9999-12-31') AS valid_to
FROM monitored_pollution_types
