-- /// indicator
-- title = "同类执法过错重复发生率"
-- better = "lower"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["county"]
-- basis = "行政执法监督条例（国务院令第825号）；本系统补充"
-- decided_by = "others"
-- window = "rolling_12"
-- ///
--
-- 12个月内监督文书和现场抽查发现的过错中，同类过错（过错代码相同）在这12个月内更早已被发现过的比例。
-- 同一行为的同一过错只计一次；同一日一并发现的，不是重复发生。
-- 两侧均剔除并另列：没有过错代码的监督意见书、决定书。
SELECT unit_id, domain,
       count(*) FILTER (WHERE state = 'due' AND is_repeated) AS numerator,
       count(*) FILTER (WHERE state = 'due')                 AS denominator,
       count(*) FILTER (WHERE state = 'excluded')            AS excluded
FROM enforcement_faults
GROUP BY 1, 2
