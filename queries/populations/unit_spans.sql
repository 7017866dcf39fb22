-- /// population
-- title = "执法主体的有效区间（互不重叠）"
-- grain = "one unit in one span of validity"
-- ///
--
-- The rows of units with a last day: the recorded one, or the day before the unit's next row begins, whichever is earlier.
-- So any date finds at most one row of a unit, whatever the source wrote.
SELECT unit_id, tier, region_code, domain_list, parent_unit_id, valid_from,
       least(coalesce(valid_to, DATE '9999-12-31'),
             coalesce(lead(valid_from) OVER (PARTITION BY unit_id ORDER BY valid_from) - 1, DATE '9999-12-31')) AS valid_to
FROM units
