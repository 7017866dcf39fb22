-- /// indicator
-- title = "线索移送及时率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "2026考核计划 一(一) 生态环境：跨区域执法协同效率（线索移送及时率）"
-- ///
--
-- 属于其他地区、移送期限已过的线索中，在期限内移送的比例；即指数（C1）的T，归移出单位。最后一日移送视为及时。
-- 分母是全部应移送的线索，不论是否移送：违法行为发生地不在辖区、没有任何移送记录的线索同样到期。
-- 接收地区、接收单位不明的，责任仍在。重大线索的48小时另由 eco.major_lead_48h 计，此处与其他线索同一期限。
-- 剔除并另列：双方在同一地区，或者一方是另一方的上级地区。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND done_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                       AS denominator,
       count(*) FILTER (WHERE state = 'pending')                   AS pending,
       count(*) FILTER (WHERE state = 'excluded')                  AS excluded
FROM border_duties
WHERE duty = 'hand_over'
GROUP BY 1, 2, 3
