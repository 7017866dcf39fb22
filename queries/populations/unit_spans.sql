-- /// population
-- title = "执法主体的有效区间（互不重叠）"
-- grain = "one unit in one span of validity"
-- ///
--
-- 执法主体的各行，补上最后有效日：记录的最后有效日与该主体下一行生效的前一日，取较早的一日。
-- 因此不论来源如何填写，任何一日至多找到一个主体的一行。
SELECT unit_id, tier, region_code, domain_list, parent_unit_id, unit_kind, source_file, source_line, valid_from,
       least(coalesce(valid_to, DATE '9999-12-31'),
             coalesce(lead(valid_from) OVER (PARTITION BY unit_id ORDER BY valid_from) - 1, DATE '9999-12-31')) AS valid_to
FROM units
