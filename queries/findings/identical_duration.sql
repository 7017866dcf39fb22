-- /// finding
-- title      = "检查时长雷同"
-- statistic  = "share"
-- severity   = 2
-- pattern    = "许多次检查的时长分毫不差，或者都在同一钟点开始，像是照模板填写。"
-- benign     = "固定时长的检查或者培训式检查；起止时刻按整点、半点登记；一个小组一次联合行动检查数家；检查终端自动填写时刻"
-- look_at    = "执法记录仪的起止时刻；扫码（亮码）入企的时刻；现场笔录；同日各次检查的路程是否走得通"
-- documented = "未见公开案例；检测规则目录 identical_duration"
-- basis      = "国办发〔2018〕118号 执法全过程记录；检测规则目录 identical_duration"
-- tail       = "upper"
-- minimum_n  = 20
-- floor      = 0.30
-- rows_stand_alone = "起止时刻完全相同的数次检查已合为一次行动"
-- says       = "在 {n} 次记有起止时刻的入企检查中，{odd} 次（{share}）{sign}；同类通常 {usual}。"
-- ///
-- 考察的记录：统计期内记有起止时刻的现场检查，每次两行，各为一种迹象。
--
-- 时长：开始至结束的整分钟数。本单位在本领域次数最多的时长（次数相同的，取较短的），凡为该时长的即为雷同。开始时刻同理，看几点几分。
-- 同一单位起止时刻完全相同的数次检查，是一次行动（一个小组一次检查数家），只计一次；一人同时在两处的，不由本项判断。
-- 没有开始或者结束时刻的，不满一分钟的（没有记录时长），不作判断，也不算没有问题。书面、线上和非现场检查不计。
-- 按整点、半点登记是许多单位的习惯，与同类比较时自然抵消。
WITH timed AS (
  SELECT unit_id, act_domain AS domain, record_id, source_file, source_line, checked_on,
         CAST((CAST(checked_to AS BIGINT) - CAST(checked_from AS BIGINT)) / 60000000 AS BIGINT) AS minutes,
         CAST(date_part('hour', checked_from + INTERVAL '8 hours') * 60 + date_part('minute', checked_from) AS BIGINT) AS minute_of_day,
         row_number() OVER (PARTITION BY unit_id, act_domain, checked_from, checked_to ORDER BY inspection_id) AS nth_of_action
  FROM inspection_register
  WHERE is_onsite AND checked_on >= day_of($from) AND end_of(checked_on) <= $as_of
),
marks AS (
  SELECT t.*, x.sign, CASE x.sign WHEN '时长相同' THEN t.minutes ELSE t.minute_of_day END AS mark
  FROM (VALUES ('时长相同'), ('开始时刻相同')) AS x (sign)
  CROSS JOIN timed AS t
  WHERE t.nth_of_action = 1 AND t.minutes > 0
),
counted AS (
  SELECT *, count(*) OVER (PARTITION BY unit_id, domain, sign, mark) AS times
  FROM marks
),
ranked AS (
  SELECT *, first_value(mark) OVER (PARTITION BY unit_id, domain, sign ORDER BY times DESC, mark) AS usual_mark
  FROM counted
)
SELECT unit_id, domain, 'inspections' AS source_table, record_id, source_file, source_line, sign, mark = usual_mark AS is_odd,
       checked_on AS happened_on,
       concat('检查 ', CAST(checked_on AS VARCHAR), '，', lpad(CAST(minute_of_day / 60 AS VARCHAR), 2, '0'), ':', lpad(CAST(minute_of_day % 60 AS VARCHAR), 2, '0'),
              ' 开始，历时 ', CAST(minutes AS VARCHAR), ' 分钟；', sign, '的共 ', CAST(times AS VARCHAR), ' 次') AS says,
       concat_ws(' ', CAST(checked_on AS VARCHAR), CAST(minute_of_day AS VARCHAR), CAST(minutes AS VARCHAR)) AS judged
FROM ranked
UNION ALL
SELECT t.unit_id, t.domain, 'inspections', t.record_id, t.source_file, t.source_line, x.sign, CAST(NULL AS BOOLEAN), t.checked_on, CAST(NULL AS VARCHAR),
       CAST(NULL AS VARCHAR)
FROM (VALUES ('时长相同'), ('开始时刻相同')) AS x (sign)
CROSS JOIN timed AS t
WHERE coalesce(t.minutes <= 0, true)
