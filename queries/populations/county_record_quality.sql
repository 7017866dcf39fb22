-- /// population
-- title = "市级单位所辖县级单位的记录质量"
-- grain = "one case or one inspection of a county unit, under the city unit above it"
-- [columns]
-- quality = "记录质量（0—100）"
-- county_unit = "县级单位"
-- is_timely = "按时录入"
-- ///
--
-- 行为当日层级为县级、上级单位为市级的单位的案件和检查，记在市级单位（`unit_id`）名下；县级单位为 `county_unit`。乡镇的记录不在内。
-- `$from` 以来录入时限届满的。`quality`：必填字段已填的比例（`required_fields`）、有效编码的比例（`checked_keys`）、是否按时录入（`entered_acts`）
-- 三者的平均，乘以100；不能判断是否按时录入的（来源没有录入时间，批量装载），为前两者的平均，`is_timely` 为空。
-- `due_on`：录入的最后一日，依必填字段的时限。没有剔除项。
SELECT q.*, CAST(CAST(100 * (completeness + validity + CASE WHEN is_timely THEN 1 ELSE 0 END) AS DECIMAL(18, 8))
                      / CASE WHEN is_timely IS NULL THEN 2 ELSE 3 END AS DECIMAL(18, 6)) AS quality,
       CAST(NULL AS VARCHAR) AS excluded_because, CASE WHEN end_of(q.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT p.unit_id, f.domain, f.record_id, f.source_file, f.source_line, f.source_table, f.unit_id AS county_unit, f.due_on,
         CAST(CAST(f.filled_fields AS DECIMAL(18, 8)) / f.required_fields AS DECIMAL(18, 8)) AS completeness,
         CAST(CAST(k.keys_valid AS DECIMAL(18, 8)) / k.keys_checked AS DECIMAL(18, 8)) AS validity,
         CASE WHEN e.excluded_because IS NULL THEN NOT e.is_late END AS is_timely
  FROM required_fields AS f
  JOIN checked_keys AS k ON k.source_table = f.source_table AND k.record_id = f.record_id
  JOIN entered_acts AS e ON e.source_table = f.source_table AND e.record_id = f.record_id
  JOIN unit_spans AS u ON u.unit_id = f.unit_id AND e.event_on BETWEEN u.valid_from AND u.valid_to AND u.tier = 'county'
  JOIN unit_spans AS p ON p.unit_id = u.parent_unit_id AND e.event_on BETWEEN p.valid_from AND p.valid_to AND p.tier = 'city'
  WHERE end_of(f.due_on) > $from
) AS q
