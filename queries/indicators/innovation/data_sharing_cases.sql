-- /// indicator
-- title = "跨部门执法数据共享案例得分"
-- better = "higher"
-- shown_as = "number"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city", "county"]
-- basis = "2026考核计划 一(二) 创新指标：跨部门执法数据共享案例"
-- window = "year_to_date"
-- rollup = "none"
-- shape = "value"
-- ///
--
-- 本年核实的跨部门数据共享案例的得分：国家级5分、省级3分、市级1分，每个主体每年至多10分（均为参数）。
-- 得分不是平均数，n恒为1（主体本身），没有案例的主体为零分。只计本主体申报的案例，上级不累计下级的：累计则上级轻易计满。
-- 不计分并另列（按案例数）：尚未核实的，没有核实日期的，没有由其他单位核实的，评审人不足的，没有另一部门确认的，没有正文可比对的，
-- 与更早的案例重复的，认可级别低于市级的。
-- 案例是经核实的创新，不是执法行为的数量，依类别不受“以数量为功”的禁止（考核指标目录 C7）。
SELECT unit_id, domain,
       CAST(sum(points) FILTER (WHERE state = 'due') AS DECIMAL(18, 6)) AS value,
       CASE WHEN count(*) FILTER (WHERE state = 'due') > 0 THEN 1 ELSE 0 END AS n,
       count(*) FILTER (WHERE state = 'excluded')                        AS excluded
FROM innovation_points
WHERE kind = 'data_sharing'
GROUP BY 1, 2
