-- /// finding
-- title      = "数字凑整"
-- statistic  = "last_digits"
-- severity   = 2
-- pattern    = "时长等本应由设备或者现场计得的数字，末位集中于 0 和 5，远多于同类，像是事后估填"
-- benign     = "本单位按五分钟、整十秒登记的统一要求；设备以固定长度分段；从纸质记录转录时取整"
-- look_at    = "原始记录与系统登记的时刻是否一致；记录仪的原始文件长度；是否由同一账号集中录入"
-- documented = "未见公开案例；检测规则目录 digit_heaping，统计检测方法 terminal digit / rounding"
-- basis      = "国办发〔2024〕54号（入企检查如实记录）；行政执法全过程记录制度；检测规则目录 digit_heaping"
-- minimum_n  = 200
-- floor      = 0.3
-- ///
-- 考察的数字：每个记录一行，各为一种迹象，与同一层级、同一领域的单位比较十个末位数字的分布。
--
-- “检查时长（分钟）”：统计期内现场检查自开始至结束的整分钟数，不满一分钟的不计；起止完全相同的数次检查是一次行动，只计一次。
-- “音像时长（秒）”：统计期内拍摄的视频、音频的秒数，删除的也计；三十秒以下的不计（多为误触）。
-- 罚款、收费依法多为整数，件数依考核要求确定，都不在内。
WITH timed AS (
  SELECT unit_id, act_domain AS domain, 'inspections' AS source_table, record_id, source_file, source_line, '检查时长（分钟）' AS sign,
         CAST((CAST(checked_to AS BIGINT) - CAST(checked_from AS BIGINT)) / 60000000 AS BIGINT) AS number, checked_on AS happened_on,
         row_number() OVER (PARTITION BY unit_id, act_domain, checked_from, checked_to ORDER BY inspection_id) AS nth_of_action
  FROM inspection_register
  WHERE is_onsite AND checked_on >= day_of($from) AND end_of(checked_on) <= $as_of
)
SELECT unit_id, domain, source_table, record_id, source_file, source_line, sign, number, happened_on,
       concat(CAST(happened_on AS VARCHAR), ' 的检查，历时 ', CAST(number AS VARCHAR), ' 分钟') AS says
FROM timed
WHERE nth_of_action = 1 AND number > 0
UNION ALL
SELECT unit_id, act_domain, 'body_cam_recordings', record_id, source_file, source_line, '音像时长（秒）', CAST(duration_s AS BIGINT), shot_on,
       concat(CAST(shot_on AS VARCHAR), ' 拍摄，时长 ', CAST(CAST(duration_s AS BIGINT) AS VARCHAR), ' 秒')
FROM recording_register
WHERE is_film AND duration_s >= 30 AND shot_on >= day_of($from) AND end_of(shot_on) <= $as_of
