-- /// indicator
-- title = "必填字段完整率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "SF/T 0052-2023；“互联网+监管”行为数据必填项；2026考核计划 一(二) 执法数据真实性"
-- ///
--
-- 案件和检查应填的字段中，已经填写的比例。省级的“必填字段完整率”关口（province.field_completeness_gate）就是本指标，不另立一份。
-- 按字段计：同一行缺几个字段，缺几个算几个。只显示、不计分：计分则以“无”“其他”填满为功。
-- 没有剔除项；缺了主体或日期的行装载时已经隔离，缺了领域的归主体唯一的领域或者其他（other），都见数据质量。未到期：录入时限尚未届满的记录（按行数）。
SELECT unit_id, domain, month_of(due_on) AS month,
       sum(least(filled_fields, required_fields)) FILTER (WHERE state = 'due') AS numerator,
       sum(required_fields) FILTER (WHERE state = 'due')                       AS denominator,
       count(*) FILTER (WHERE state = 'pending')                               AS pending
FROM required_fields
GROUP BY 1, 2, 3
