-- /// indicator
-- title = "管辖争议协调及时率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city"]
-- basis = "市监程序第13、16条；没有自己规定的领域参照执行"
-- ///
--
-- 由共同上级协调的管辖争议中，自报请之日起7个工作日内确定管辖的比例。最后一日确定视为及时，一直没有解决的不算。
-- 没有报请日期的，自双方协商期限届满之日起算。
-- 两侧均剔除并另列：未报请上级、双方在协商期限内自行解决的。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND settled_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                          AS denominator,
       count(*) FILTER (WHERE state = 'pending')                      AS pending,
       count(*) FILTER (WHERE state = 'excluded')                     AS excluded
FROM coordinated_disputes
GROUP BY 1, 2, 3
