-- /// population
-- title = "系统所记的入企检查"
-- grain = "one inspection of an enterprise on site that has a credit code"
-- [columns]
-- occasion = "企业接待的一次：同一日一并进行的检查为一次"
-- ///
--
-- 截至数据截止日的入企检查，不论由哪个单位、因何启动，检查对象有统一社会信用代码的。
-- `occasion`：同一企业同一日一并进行的检查（合并检查、部门联合双随机），企业只接待一次，各行的值相同；其他检查各为一次。计次数用 `count(DISTINCT occasion)`。
SELECT enterprise_code, unit_id, act_domain AS domain, record_id, source_file, source_line, checked_on,
       CASE WHEN kind IN ('merged', 'random_joint') THEN CAST(checked_on AS VARCHAR) ELSE record_id END AS occasion
FROM inspection_register
WHERE is_onsite AND enterprise_code IS NOT NULL AND end_of(checked_on) <= $as_of
