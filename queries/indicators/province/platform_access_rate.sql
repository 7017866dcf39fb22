-- /// indicator
-- title = "执法主体上平台率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province"]
-- basis = "行政执法监督条例（国务院令第825号）；本系统补充"
-- window = "rolling_1"
-- ///
--
-- 存续的执法主体中，当月在考核平台上有记录的比例；有一条即可，多报不加分。各主体自己的数为0或1，省看所属各主体的合计。
-- 两侧均剔除并另列：受委托组织。未到期：当月新设立的主体。
SELECT unit_id, domain,
       count(*) FILTER (WHERE state = 'due' AND is_on_platform) AS numerator,
       count(*) FILTER (WHERE state = 'due')                    AS denominator,
       count(*) FILTER (WHERE state = 'pending')                AS pending,
       count(*) FILTER (WHERE state = 'excluded')               AS excluded
FROM units_with_powers
GROUP BY 1, 2
