-- /// population
-- title = "符合法定条件的非现场执法设备"
-- grain = "one device"
-- ///
--
-- Devices with a published place that passed both the legal and the technical review (行政处罚法41), with the days on which that
-- holds: `compliant_from` = the latest of the two reviews and the start of service, `compliant_to` = the last day of service.
SELECT device_id, greatest(legal_reviewed_on, technical_reviewed_on, valid_from) AS compliant_from,
       coalesce(valid_to, DATE '9999-12-31') AS compliant_to
FROM devices
WHERE published_place IS NOT NULL AND legal_reviewed_on IS NOT NULL AND technical_reviewed_on IS NOT NULL
