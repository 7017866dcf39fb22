-- /// indicator
-- title = "事项清单执行准确率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["township"]
-- basis = "2026考核计划 一(一) 乡镇：实际执法事项与赋权清单一致率；行政处罚法第24条；indicators.md A7、D"
-- ///
--
-- Of the acts of a township (cases and inspections), those whose item stood in the township's list (赋权清单) on the day of the act.
-- An act without an item code counts as not in the list. So does an item before it entered the list and after it left it.
-- Left out of both sides and shown: acts before the township's first list.
SELECT unit_id, domain, month_of(acted_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_listed) AS numerator,
       count(*) FILTER (WHERE state = 'due')               AS denominator,
       count(*) FILTER (WHERE state = 'excluded')          AS excluded
FROM township_acts
GROUP BY 1, 2, 3
