-- /// population
-- title = "案件办理期限的扣除区间（合并后）"
-- grain = "one case and one united spell of suspension"
-- ///
--
-- 案件时限停止计算的日期（听证、检测检验、公告、鉴定等），重叠的合并：同处两项中止的一日只算一日；
-- 前一段结束的次日又开始的，视为延续。首日和末日都计入。
-- 数据截止日之后才开始的中止，截至该日尚不存在。
-- 没有结束日期的中止，到法定最长期限为止（参数 `suspension.max.*`）；已结束的按记录计。
-- 立案之日及以前、决定之日及以后的日期，一律不计。
-- `days_before`：本案此前各段的天数；某一段是否仍可计算，因时限而异，见 `case_excluded_days`。
WITH bounded AS (
  SELECT s.case_id,
         greatest(s.from_date, c.opened_on + 1) AS first_day,
         least(coalesce(s.to_date,
                        s.from_date - 1 + CAST(CASE s.kind
                          WHEN 'hearing'       THEN param('suspension.max.hearing', c.domain, s.from_date)
                          WHEN 'testing'       THEN param('suspension.max.testing', c.domain, s.from_date)
                          WHEN 'publication'   THEN param('suspension.max.publication', c.domain, s.from_date)
                          WHEN 'appraisal'     THEN param('suspension.max.appraisal', c.domain, s.from_date)
                          WHEN 'pending_other' THEN param('suspension.max.pending_other', c.domain, s.from_date)
                          WHEN 'force_majeure' THEN param('suspension.max.force_majeure', c.domain, s.from_date)
                          WHEN 'party_missing' THEN param('suspension.max.party_missing', c.domain, s.from_date)
                          ELSE 0 END AS BIGINT)),
               coalesce(c.decided_on - 1, DATE '9999-12-31')) AS last_day
  FROM case_suspensions AS s
  JOIN case_register AS c ON c.case_id = s.case_id
  WHERE end_of(s.from_date) <= $as_of
),
marked AS (
  SELECT case_id, first_day, last_day,
         max(last_day) OVER (PARTITION BY case_id ORDER BY first_day, last_day
                             ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached
  FROM bounded
  WHERE first_day <= last_day
),
numbered AS (
  SELECT case_id, first_day, last_day,
         sum(CASE WHEN reached IS NULL OR first_day > reached + 1 THEN 1 ELSE 0 END)
           OVER (PARTITION BY case_id ORDER BY first_day, last_day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS spell
  FROM marked
),
united AS (
  SELECT case_id, min(first_day) AS spell_from, max(last_day) AS spell_to, max(last_day) - min(first_day) + 1 AS days
  FROM numbered
  GROUP BY case_id, spell
)
SELECT case_id, spell_from, spell_to, days,
       coalesce(sum(days) OVER (PARTITION BY case_id ORDER BY spell_from
                                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS days_before
FROM united
