-- /// indicator
-- title = "检查次数账实比"
-- better = "band"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county"]
-- basis = "本系统补充：识别没有记入系统的检查；国办发〔2024〕54号（检查须备案、扫码入企）"
-- window = "rolling_12"
-- rollup = "none"
-- shape = "region"
-- measures = "frequency"
-- statutory_duty = "国办发〔2024〕54号（每次入企检查都须备案、扫码，如实记录）：所比的是记录与事实，不是检查的多少"
-- companion = "market.inspection_frequency_compliance"
-- ///
--
-- 最近四个已结束的季度，样本企业在系统中记录的入企检查次数，与同一企业同一季度自报的次数之比。n为相比的企业季度数。
-- 明显小于1，是有检查没有记入系统；明显大于1，是记录了没有进行的检查，或者企业少报。检查多少与本指标无关。
-- 季度尚未结束的为未到期。剔除并另列：企业没有回答的，样本没有信用代码的。
SELECT region_code, domain,
       CAST(CAST(sum(visits_recorded) FILTER (WHERE state = 'due') AS DECIMAL(18, 6))
            / nullif(sum(visits_reported) FILTER (WHERE state = 'due'), 0) AS DECIMAL(18, 6)) AS value,
       count(*) FILTER (WHERE state = 'due')      AS n,
       count(*) FILTER (WHERE state = 'pending')  AS pending,
       count(*) FILTER (WHERE state = 'excluded') AS excluded
FROM panel_recorded_visits
GROUP BY 1, 2
