-- /// indicator
-- title = "县级数据质量得分"
-- better = "higher"
-- shown_as = "score"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["city"]
-- basis = "本系统补充；2026考核计划 一(二) 执法数据真实性；市级指导职责"
-- window = "year_to_date"
-- rollup = "none"
-- shape = "value"
-- alone    = "取各县比率的平均数，平均数不能由各部分相加"
-- ///
--
-- 市级单位所辖县级单位本年的案件和检查，每件的质量（完整、有效、及时三者的平均，0—100）的平均；n为记录数。
-- 目录为三个比率的平均；这里先在每件记录之内平均，再对记录平均，使三者以同样的记录为底，并能指出是哪一件。
-- 只显示、不计分。没有剔除项；不能判断是否按时录入的记录，只计完整和有效。未到期：录入时限尚未届满的记录。
SELECT unit_id, domain,
       CAST(avg(quality) FILTER (WHERE state = 'due') AS DECIMAL(18, 6)) AS value,
       count(*) FILTER (WHERE state = 'due')                             AS n,
       count(*) FILTER (WHERE state = 'pending')                         AS pending
FROM county_record_quality
GROUP BY 1, 2
