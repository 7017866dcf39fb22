-- /// indicator
-- title = "行政处罚公示及时率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county"]
-- basis = "行政处罚法第48条；国办发〔2018〕118号（7个工作日）；安全生产法第78条；市场监督管理行政处罚信息公示规定第9、10条"
-- ///
--
-- 公示期限已过的行政处罚决定中，在期限内公示的比例。期限自决定之日起算：一般7个工作日，市场监管20个工作日；
-- 市场监管领域当事人登记地在外省的，为10个工作日内推送登记地。最后一日公示视为及时。
-- 从未公示的、公示平台没有记录的、标明不予公示而没有理由的，计入分母、不计入分子。
-- 两侧均剔除并另列：标明依法不予公示并写明理由的，没有决定日期的。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND done_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                       AS denominator,
       count(*) FILTER (WHERE state = 'pending')                   AS pending,
       count(*) FILTER (WHERE state = 'excluded')                  AS excluded
FROM penalties_to_publish
GROUP BY 1, 2, 3
