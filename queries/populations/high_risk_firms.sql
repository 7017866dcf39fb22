-- /// population
-- title = "“两客一危”企业与年度应检查次数"
-- grain = "one firm of one yearly quota for high-risk transport firms"
-- ///
--
-- `key_industry_firms` 中交通运输领域的“两客一危”企业（道路旅客运输、旅游客运、危险货物运输）：企业、次数、上限和剔除都与该口径相同。
SELECT unit_id, domain, record_id, source_file, source_line, firm, required_per_year, cap, due_on, visits, is_met, excluded_because, state
FROM key_industry_firms
WHERE is_high_risk_transport
