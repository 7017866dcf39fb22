-- /// indicator
-- title = "投诉举报24小时内联系率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market"]
-- tiers = ["city", "county", "township"]
-- basis = "2026考核计划 一(一) 市场监管：投诉举报响应率（24小时内联系率）"
-- ///
--
-- 自派单（12345）或收到（12315）起24小时已满的投诉举报中，在24小时内首次联系投诉举报人的比例。
-- 最后一秒联系视为及时；夜间和节假日照常计时；已满24小时而没有联系的，计入分母、不计入分子。
-- 两侧均剔除并另列：匿名的（没有任何可以联系的途径），由12345热线工单转录的12315记录（只计工单；同一单位、工单生成后数日内收到的第一件）。
SELECT unit_id, domain, month_of(day_of(due_at)) AS month,
       count(*) FILTER (WHERE state = 'due' AND first_contact_at <= due_at) AS numerator,
       count(*) FILTER (WHERE state = 'due')                                AS denominator,
       count(*) FILTER (WHERE state = 'pending')                            AS pending,
       count(*) FILTER (WHERE state = 'excluded')                           AS excluded
FROM complaint_contacts
GROUP BY 1, 2, 3
