-- /// indicator
-- title = "音像上传及时率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["city", "county", "township"]
-- basis = "国办发〔2018〕118号（执法全过程记录制度）；拍摄结束后24小时为本系统补充"
-- ///
--
-- 拍摄结束后24小时已满的音像记录中，在24小时内导入采集站或者上传平台的比例。
-- 最后一秒上传视为及时；夜间和节假日照常计时；始终没有上传的，计入分母、不计入分子；已删除的照样计入。
-- 两侧均剔除并另列：文本、日志，没有拍摄时刻的。
SELECT unit_id, domain, month_of(day_of(due_at)) AS month,
       count(*) FILTER (WHERE state = 'due' AND stored_at <= due_at) AS numerator,
       count(*) FILTER (WHERE state = 'due')                         AS denominator,
       count(*) FILTER (WHERE state = 'pending')                     AS pending,
       count(*) FILTER (WHERE state = 'excluded')                    AS excluded
FROM recordings_to_upload
GROUP BY 1, 2, 3
