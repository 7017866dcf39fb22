-- /// population
-- title = "符合法定条件的非现场执法设备"
-- grain = "one device"
-- ///
--
-- 设置地点已公布、法制审核和技术审核均已通过（行政处罚法第41条）的设备，以及符合条件的起止日期：
-- `compliant_from`：两项审核之日和启用之日中最晚的一日；`compliant_to`：使用的最后一日。
-- `published_on`：设置地点公布之日；`calibrated_on`：最近一次检定之日；均照来源原样，由用到的口径判断。
SELECT device_id, greatest(legal_reviewed_on, technical_reviewed_on, valid_from) AS compliant_from,
       coalesce(valid_to, DATE '9999-12-31') AS compliant_to, published_on, calibrated_on
FROM devices
WHERE published_place IS NOT NULL AND legal_reviewed_on IS NOT NULL AND technical_reviewed_on IS NOT NULL
