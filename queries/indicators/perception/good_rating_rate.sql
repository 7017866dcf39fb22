-- /// indicator
-- title = "好差评好评率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "2026考核计划 一(三)：政务服务“好差评”；GB/T 39734-2020"
-- decided_by = "others"
-- ///
--
-- 对行政执法行为的好差评中，好评（“非常满意”“满意”，即4、5星）的比例，计入评价之月。“基本满意”不是好评，也不是差评，只在分母内。
-- 两侧均剔除并另列：系统自动给出的（差评除外），没有等级的，评价的不是行政执法行为的。没有未到期的行。
SELECT unit_id, domain, month_of(rated_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_good) AS numerator,
       count(*) FILTER (WHERE state = 'due')             AS denominator,
       count(*) FILTER (WHERE state = 'excluded')        AS excluded
FROM act_ratings
GROUP BY 1, 2, 3
