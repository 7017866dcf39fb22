-- /// population
-- title = "乡镇在岗执法人员及其执法证"
-- grain = "one person on the staff of a township in one domain of the township"
-- [columns]
-- is_certified = "当日持有有效执法证"
-- ///
--
-- 数据截止日在岗、所在单位为乡镇（街道）的人员；单位有几个执法领域的，在每个领域各为一行。辅助人员从事执法辅助工作，同样在内。
-- `is_certified`：有执法证号，截止日在有效期内；没有起始日的视为早已生效，没有到期日的无从证明有效，不算。
-- 辅助人员不具有行政执法资格，即使填有证号也不算。人员性质没有填写的，只看执法证。
-- 没有到岗日期的，视为已在岗：缺漏不使人员退出分母。没有剔除项。
SELECT o.unit_id, o.domain, o.record_id, o.source_file, o.source_line, o.post_kind, o.certificate_no, o.cert_valid_to,
       coalesce(o.post_kind, 'formal') <> 'assistant' AND o.certificate_no IS NOT NULL
         AND coalesce(o.cert_valid_from <= o.on_day, true) AND coalesce(o.cert_valid_to >= o.on_day, false) AS is_certified,
       CAST(NULL AS VARCHAR) AS excluded_because, 'due' AS state
FROM (
  SELECT s.officer_id AS record_id, s.source_file, s.source_line, s.post_kind, s.certificate_no, s.cert_valid_from, s.cert_valid_to, s.on_day,
         u.unit_id, unnest(coalesce(u.domain_list, make_array('other'))) AS domain
  FROM (SELECT *, day_of($as_of - INTERVAL '1 second') AS on_day FROM officers) AS s
  JOIN unit_spans AS u ON u.unit_id = s.unit_id AND s.on_day BETWEEN u.valid_from AND u.valid_to AND u.tier = 'township'
  WHERE coalesce(s.in_post_from <= s.on_day, true) AND coalesce(s.in_post_to >= s.on_day, true)
) AS o
