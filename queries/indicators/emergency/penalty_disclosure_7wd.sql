-- /// indicator
-- title = "安全生产处罚7日公开率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["emergency"]
-- tiers = ["province", "city", "county"]
-- basis = "安全生产法第78条（自作出处罚决定之日起七个工作日内公开）"
-- ///
--
-- 公开期限已过的安全生产处罚决定中，在7个工作日内公开的比例。
-- 与 disclosure.penalty_timeliness 是同一口径，只看应急管理领域。最后一日公开视为及时；从未公开的，计入分母、不计入分子。
-- 两侧均剔除并另列：标明依法不予公示并写明理由的，没有决定日期的。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND done_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                       AS denominator,
       count(*) FILTER (WHERE state = 'pending')                   AS pending,
       count(*) FILTER (WHERE state = 'excluded')                  AS excluded
FROM penalties_to_publish
WHERE domain = 'emergency'
GROUP BY 1, 2, 3
