-- /// population
-- title = "安全生产案件与事故"
-- grain = "one case of emergency management, opened by the as-of date"
-- [excluded]
-- no_fact = "违法事实不成立"
-- withdrawn = "已撤案"
-- transferred = "已移送其他机关"
-- [columns]
-- is_before_accident = "事前立案"
-- ///
--
-- 截至数据截止日开办的应急管理案件，不论程序；以 `opened_on`（立案日期，没有的为发现或者决定之日）确定月份。
-- `is_before_accident`：不是因事故立案，且该企业在立案前的180日（参数 `accident_case.window_days`）内没有发生事故。
-- 因哪起事故立案由单位自己填写，故同时以事故记录核对：漏填事故编号，不能使事故后的案件成为事前立案。
-- 填写的事故发生在立案之后的，仍是事前立案；事故编号在事故记录中找不到的，视为因事故立案。
WITH accident_days AS (
  SELECT accident_id, credit_code, happened_on
  FROM accidents
  WHERE end_of(happened_on) <= $as_of
),
after_accident AS (
  SELECT c.record_id
  FROM case_register AS c
  JOIN accident_days AS a ON a.credit_code = c.credit_code
  WHERE a.happened_on <= c.opened_on AND c.opened_on - a.happened_on <= param('accident_case.window_days', c.domain, c.opened_on)
  GROUP BY c.record_id
)
SELECT w.*, CASE WHEN w.excluded_because IS NULL THEN 'due' ELSE 'excluded' END AS state
FROM (
  SELECT c.unit_id, c.domain, c.record_id, c.source_file, c.source_line, c.opened_on,
         n.record_id IS NULL AND (c.accident_id IS NULL OR coalesce(a.happened_on > c.opened_on, false)) AS is_before_accident,
         CASE WHEN c.ended_as IN ('no_fact', 'withdrawn', 'transferred')
                AND coalesce(end_of(least(c.decided_on, c.closed_on, day_of(c.transferred_at))) <= $as_of, true) THEN c.ended_as END AS excluded_because
  FROM case_register AS c
  LEFT JOIN after_accident AS n ON n.record_id = c.record_id
  LEFT JOIN accident_days AS a ON a.accident_id = c.accident_id
  WHERE c.domain = 'emergency' AND end_of(c.opened_on) <= $as_of
) AS w
