-- /// population
-- title = "用于认定超限超载的非现场记录"
-- grain = "one overload case of transport that rests on a device's record, decided by the as-of date"
-- [excluded]
-- not_used = "记录最终没有用作认定违法的证据：违法事实不成立、撤案或者移送"
-- calibrated_later = "设备最近一次检定在发现之后，此前的检定情况数据中看不出来"
-- [columns]
-- is_valid = "记录有效"
-- ///
--
-- 截至数据截止日已作出决定、由设备记录（或者经过记录审核）而来的超限超载案件。
-- `is_valid`：以下各项全部具备（行政处罚法第41条）：记录在决定之日或之前审核通过；设备在名录中，发现当日已启用未停用，
-- 法制审核和技术审核均已通过，设置地点已公布（公布日期有记录的，不晚于发现之日）；发现之日在最近一次检定之日起的检定有效期
-- （`device_calibration.target`）之内。没有检定日期、不在名录中、没有审核记录的，无从证明有效，视为无效。
-- 其他各项均具备、只是最近一次检定晚于发现之日的，当时是否在检定有效期内看不出来（设备名录只存最近一次检定），予以剔除；
-- 另有一项不具备的，不因此退出分母。
WITH records AS (
  SELECT c.unit_id, c.domain, c.record_id, c.source_file, c.source_line, c.found_on, c.decided_on, c.ended_as,
         CASE WHEN d.calibrated_on <= c.found_on THEN d.calibrated_on END AS calibrated_on,
         coalesce(d.calibrated_on > c.found_on, false) AS is_calibrated_later,
         coalesce(c.offsite_review_passed AND c.offsite_reviewed_at < end_of(c.decided_on)
                    AND c.found_on BETWEEN d.compliant_from AND d.compliant_to
                    AND coalesce(d.published_on <= c.found_on, true), false) AS is_reviewed_and_published
  FROM overload_register AS c
  LEFT JOIN compliant_devices AS d ON d.device_id = c.offsite_device_id
  WHERE (c.offsite_device_id IS NOT NULL OR c.offsite_reviewed_at IS NOT NULL) AND end_of(c.decided_on) <= $as_of
)
SELECT r.*,
       r.is_reviewed_and_published AND coalesce(r.found_on <= due_on('device_calibration.target', r.domain, r.calibrated_on), false) AS is_valid,
       CASE WHEN r.excluded_because IS NULL THEN 'due' ELSE 'excluded' END AS state
FROM (
  SELECT *, CASE WHEN ended_as IN ('no_fact', 'withdrawn', 'transferred') THEN 'not_used'
                 WHEN is_reviewed_and_published AND is_calibrated_later THEN 'calibrated_later' END AS excluded_because
  FROM records
) AS r
