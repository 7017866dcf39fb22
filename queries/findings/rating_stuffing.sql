-- /// finding
-- title      = "集中好评"
-- statistic  = "share"
-- severity   = 2
-- pattern    = "好评在很短时间内接连出现，或者出自同一设备、同一手机号、同一网络地址，或者在行为完成后数秒之内给出，多于同类"
-- benign     = "大厅评价器（不计）；现场扫码当即评价；平台成批推送短信、热线逐个回访；企业一人代办数件；同一商场、园区共用网络；集中服务日"
-- look_at    = "评价明细的时刻、设备与网络地址；被评价的当事人是否知道有这次评价；执法人员手机、办公网络的地址；是否有催评的通知"
-- documented = "未见公开案例；检测规则目录 rating_stuffing（某市网上评议规定一个网络地址只计一票）"
-- basis      = "GB/T 39734-2020、GB/T 39735-2020；检测规则目录 rating_stuffing"
-- tail       = "upper"
-- minimum_n  = 20
-- floor      = 0.10
-- says       = "考察的 {n} 条好评中，{odd} 条（{share}）属“{sign}”；同类通常 {usual}。"
-- ///
-- 考察的记录：统计期内对行政执法行为的好评（`act_ratings` 的 `is_good`），评价器上的除外（大厅里接连评价、共用设备是常态），每种迹象一行。
--
-- “接连好评”：本单位的好评，每条距前一条不超过参数 `finding.rating_stuffing.gap_minutes` 分钟，一连不少于参数 `finding.rating_stuffing.run` 条。
--   短信、热线渠道不作判断：平台成批推送、逐个回访，自然接连。没有评价时刻的，不作判断。
-- “同一来源”：同一设备或者同一手机号对本单位的好评，每条距前一条不超过参数 `finding.rating_stuffing.source_days` 的天数，先后不少于参数
--   `finding.rating_stuffing.same_source` 条。设备、手机号都没有记录的，看网络地址前缀；都没有的，不作判断。来源只用于比对，从不显示。
-- “完成即评”：行为完成后参数 `finding.rating_stuffing.instant_minutes` 分钟之内（含）评价。没有两个时刻的，以及评价在完成以前的，不作判断。
-- 同一日的几条多半出于同一次服务日、同一次推送，不当作几次（`occasion`），至少须有三个这样的日期。
WITH rated AS (
  SELECT a.unit_id, a.domain, a.record_id, a.source_file, a.source_line, a.rated_on, r.rated_at, coalesce(r.channel, 'qr') AS channel,
         r.device_hash, r.phone_hash, r.ip_prefix,
         (CAST(r.rated_at AS BIGINT) - CAST(r.act_finished_at AS BIGINT)) / 1000000 AS seconds_after
  FROM act_ratings AS a
  JOIN ratings AS r ON r.rating_id = a.record_id
  WHERE a.state = 'due' AND a.is_good AND coalesce(r.channel, '') <> 'kiosk' AND a.rated_on >= day_of($from) AND end_of(a.rated_on) <= $as_of
),
-- Runs: a rating begins one where the one before is too far away.
in_time AS (
  SELECT *, CASE WHEN CAST(rated_at AS BIGINT) - lag(CAST(rated_at AS BIGINT)) OVER (PARTITION BY unit_id, domain ORDER BY rated_at, record_id)
                      <= 60000000 * param('finding.rating_stuffing.gap_minutes', domain, rated_on) THEN 0 ELSE 1 END AS begins
  FROM rated
  WHERE rated_at IS NOT NULL AND channel NOT IN ('sms', 'hotline')
),
runs AS (
  SELECT *, sum(begins) OVER (PARTITION BY unit_id, domain ORDER BY rated_at, record_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS run
  FROM in_time
),
run_sizes AS (
  SELECT *, count(*) OVER (PARTITION BY unit_id, domain, run) AS ratings_in FROM runs
),
sources AS (
  SELECT unit_id, domain, record_id, rated_on, '设备 ' || device_hash AS source FROM rated WHERE device_hash IS NOT NULL
  UNION ALL
  SELECT unit_id, domain, record_id, rated_on, '手机号 ' || phone_hash FROM rated WHERE phone_hash IS NOT NULL
  UNION ALL
  SELECT unit_id, domain, record_id, rated_on, '网络地址 ' || ip_prefix FROM rated
  WHERE device_hash IS NULL AND phone_hash IS NULL AND ip_prefix IS NOT NULL
),
of_source AS (
  SELECT *, CASE WHEN rated_on - lag(rated_on) OVER (PARTITION BY unit_id, domain, source ORDER BY rated_on, record_id)
                      <= param('finding.rating_stuffing.source_days', domain, rated_on) THEN 0 ELSE 1 END AS begins
  FROM sources
),
source_runs AS (
  SELECT *, sum(begins) OVER (PARTITION BY unit_id, domain, source ORDER BY rated_on, record_id
                              ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS run
  FROM of_source
),
source_sizes AS (
  SELECT record_id, max(ratings_in) AS ratings_in
  FROM (SELECT record_id, count(*) OVER (PARTITION BY unit_id, domain, source, run) AS ratings_in FROM source_runs) AS s
  GROUP BY record_id
)
SELECT unit_id, domain, 'ratings' AS source_table, record_id, source_file, source_line, '接连好评' AS sign,
       ratings_in >= param('finding.rating_stuffing.run', domain, rated_on) AS is_odd,
       rated_on AS happened_on, rated_on AS occasion,
       concat(CAST(rated_on AS VARCHAR), '，接连 ', CAST(ratings_in AS VARCHAR), ' 条好评之一') AS says,
       CAST(rated_on AS VARCHAR) AS judged
FROM run_sizes
UNION ALL
SELECT r.unit_id, r.domain, 'ratings', r.record_id, r.source_file, r.source_line, '同一来源',
       s.ratings_in >= param('finding.rating_stuffing.same_source', r.domain, r.rated_on),
       r.rated_on, r.rated_on AS occasion,
       concat(CAST(r.rated_on AS VARCHAR), '，同一设备、手机号或者网络地址先后 ', CAST(s.ratings_in AS VARCHAR), ' 条好评之一'), CAST(r.rated_on AS VARCHAR)
FROM rated AS r
JOIN source_sizes AS s ON s.record_id = r.record_id
UNION ALL
SELECT unit_id, domain, 'ratings', record_id, source_file, source_line, '完成即评',
       seconds_after <= 60 * param('finding.rating_stuffing.instant_minutes', domain, rated_on),
       rated_on, rated_on AS occasion,
       concat(CAST(rated_on AS VARCHAR), '，行为完成后 ', CAST(seconds_after AS VARCHAR), ' 秒评价'),
       CAST(rated_on AS VARCHAR)
FROM rated
WHERE seconds_after >= 0
