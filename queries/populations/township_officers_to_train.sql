-- /// population
-- title = "应接受“一专多能”培训的乡镇执法人员"
-- grain = "one officer of a township in one domain of the township"
-- [columns]
-- domains_passed = "本年基础培训合格的领域数"
-- domains_due = "按在岗时间折算应掌握的领域数"
-- ///
--
-- `officers_in_service` 中最后一个在岗日的单位为乡镇（街道）的人员；单位有几个执法领域的，在每个领域各为一行。
-- `domains_due`：全年应掌握的领域数（`training.domains_min`）按本年在岗天数占全年的比例折算，不足一个的部分不计：
-- 要求3个领域、全年在岗的，在岗122天起应有1个，244天起应有2个，到年底应有3个。
-- `state` 未到期：在岗不满最少月数的，尚无应掌握的领域的；已经离岗的予以剔除。
SELECT t.unit_id, t.domain, t.record_id, t.source_file, t.source_line, t.began_on, t.last_served_on, t.domains_passed, t.domains_due,
       t.excluded_because,
       CASE WHEN t.excluded_because IS NOT NULL THEN 'excluded'
            WHEN t.state = 'due' AND t.domains_due > 0 THEN 'due'
            ELSE 'pending' END AS state
FROM (
  SELECT d.unit_id, d.domain, d.record_id, d.source_file, d.source_line, d.began_on, d.last_served_on, d.domains_passed, d.domains_due, d.state,
         coalesce(d.excluded_because, CASE WHEN d.has_left AND d.domains_due = 0 THEN 'left_too_early' END) AS excluded_because
  FROM (
    SELECT *, unnest(coalesce(domain_list, make_array('other'))) AS domain,
           CAST(param('training.domains_min', 'other', last_served_on) AS BIGINT) * served_days / year_days AS domains_due
    FROM officers_in_service
    WHERE tier = 'township'
  ) AS d
) AS t
