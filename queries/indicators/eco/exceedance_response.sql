-- /// indicator
-- title = "超标数据响应率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["eco"]
-- tiers = ["city", "county"]
-- basis = "污染源自动监控管理办法；3个工作日为自定；本系统补充"
-- ///
--
-- 响应时限已过的监测超标中，在3个工作日内形成线索（或者直接立案）的比例。时限自确认超标之日起算；
-- 没有记录确认日期的有效自动监测数据，自监测之日起算。确认之前已经形成线索的，视为及时。最后一日视为及时；
-- 期限已过仍没有线索的，计入分母、不计入分子。
-- 两侧均剔除并另列：没有确认、且设备不正常或者数据标记为异常的；没有确认日期的手工监测数据。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND responded_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                            AS denominator,
       count(*) FILTER (WHERE state = 'pending')                        AS pending,
       count(*) FILTER (WHERE state = 'excluded')                       AS excluded
FROM exceedances
GROUP BY 1, 2, 3
