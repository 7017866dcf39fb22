-- /// indicator
-- title = "日常跟踪留痕率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county", "township"]
-- basis = "2026考核计划 二(一)：日常跟踪，过程留痕"
-- ///
--
-- 主体在其领域的工作日中，当日的执法记录至少有一条按时到达考核平台的比例。
-- 目录原写“每一必需来源每日都有数据”；照此，没有案件的一天就是失分，等于要求天天办案，故改为任一来源有一条即可。
-- 只显示、不计分：计分则奖励零碎执法，而使事少的乡镇吃亏。数的是日子，不是记录；多办案、多检查不能提高比率。
-- 没有剔除项。全省当日没有任何记录的工作日不在内。未到期：当日记录的报送期限尚未届满的日子。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_traced) AS numerator,
       count(*) FILTER (WHERE state = 'due')               AS denominator,
       count(*) FILTER (WHERE state = 'pending')           AS pending
FROM platform_workdays
GROUP BY 1, 2, 3
