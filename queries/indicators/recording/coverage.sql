-- /// indicator
-- title = "执法全过程音像记录覆盖率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["city", "county", "township"]
-- basis = "2026考核计划 二(一) 执法记录仪数据；行政处罚法第47条；国办发〔2018〕118号（执法全过程记录制度）"
-- ///
--
-- 现场检查、强制措施和强制执行中，有未删除的视频或音频与行为重合过半或者满一分钟的比例。
-- 行为结束后24小时内为未到期，等待上传；没有记录的、记录已被删除的、只拍了照片的，计入分母、不计入分子。
-- 没有关联的记录，检查人员在检查起止之间拍摄的也算；行为没有记录起止时刻的，照样计入分母。
-- 两侧均剔除并另列：没有入企的检查（书面、线上、非现场），冻结存款、汇款。
SELECT unit_id, domain, month_of(day_of(due_at)) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_filmed) AS numerator,
       count(*) FILTER (WHERE state = 'due')               AS denominator,
       count(*) FILTER (WHERE state = 'pending')           AS pending,
       count(*) FILTER (WHERE state = 'excluded')          AS excluded
FROM acts_to_film
GROUP BY 1, 2, 3
