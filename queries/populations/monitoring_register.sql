-- /// population
-- title = "监测数据（判明是否有效的自动监测数据）"
-- grain = "one monitored value"
-- ///
--
-- `is_sound`：自动监测设备取得，设备正常（没有标记为停用、故障或维护），数据没有异常标志（HJ 212 的标志 N 正常〔待核对〕，或者没有标志）。
-- `is_exceedance`：自报超标，或者监测值大于标准限值；漏报的标志不使超标退出。
SELECT *, coalesce(is_automatic AND device_state = 'ok', false) AND coalesce(quality_flag, 'N') IN ('N', 'n', '正常', '有效') AS is_sound,
       coalesce(exceed, false) OR coalesce(try_cast(value AS DOUBLE) > try_cast(limit_value AS DOUBLE), false) AS is_exceedance
FROM monitoring_data_refs
