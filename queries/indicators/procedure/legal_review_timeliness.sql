-- /// indicator
-- title = "法制审核时限合规率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county"]
-- basis = "市监程序第55条（10个工作日）；行政处罚法第58条；没有自己规定的领域参照"
-- ///
--
-- 审核时限已过的法制审核中，自收到审核材料之日起10个工作日内完成的比例；退回后再审的，每次各计一次。
-- 最后一日完成视为及时；时限已过仍未完成的，计入分母、不计入分子。特殊情况批准的延长，数据中没有，不计。
-- 两侧均剔除并另列：没有收到审核材料时间的。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND reviewed_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                           AS denominator,
       count(*) FILTER (WHERE state = 'pending')                       AS pending,
       count(*) FILTER (WHERE state = 'excluded')                      AS excluded
FROM legal_reviews
GROUP BY 1, 2, 3
