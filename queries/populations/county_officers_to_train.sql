-- /// population
-- title = "市级单位所指导的县级执法人员的培训"
-- grain = "one officer of a county unit in one domain of that unit"
-- [excluded]
-- no_city_unit = "所在的县级单位没有市级的上级单位"
-- [columns]
-- has_enough_hours = "培训学时达到折算的应有学时"
-- ///
--
-- `officers_in_service` 中最后一个在岗日的单位为县级的人员，归该单位当时的市级上级单位；县级单位有几个执法领域的，在每个领域各为一行。
-- `has_enough_hours`：本年培训学时达到全年最少学时（`training.hours_min`）按在岗天数占全年的比例折算的数。
-- 上级不是市级单位的（如省直管的县），没有市级单位为其培训负责，予以剔除，列在原单位名下。
SELECT coalesce(p.unit_id, d.unit_id) AS unit_id, d.domain, d.record_id, d.source_file, d.source_line, d.unit_id AS county_unit_id,
       d.began_on, d.last_served_on, d.served_days, d.hours,
       d.hours * d.year_days >= param('training.hours_min', d.domain, d.last_served_on) * d.served_days AS has_enough_hours,
       CASE WHEN p.unit_id IS NULL THEN 'no_city_unit' ELSE d.excluded_because END AS excluded_because,
       CASE WHEN p.unit_id IS NULL THEN 'excluded' ELSE d.state END AS state
FROM (
  SELECT *, unnest(coalesce(domain_list, make_array('other'))) AS domain
  FROM officers_in_service
  WHERE tier = 'county'
) AS d
LEFT JOIN unit_spans AS p
  ON p.unit_id = d.parent_unit_id AND d.last_served_on BETWEEN p.valid_from AND p.valid_to AND p.tier = 'city'
