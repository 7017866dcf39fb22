-- /// indicator
-- title = "监督文书闭环率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["market", "urban", "eco", "transport", "emergency", "other"]
-- tiers = ["province", "city"]
-- basis = "行政执法监督条例（国务院令第825号）；山东省行政执法监督条例第28条（三十日）"
-- ///
--
-- 整改反馈期限已过的监督意见书、决定书中，30日内答复且监督机关认定已改正的比例。最后一日答复视为及时；逾期答复的、没有认定改正的不算。
-- 文书记在应当答复的单位名下，省、市看所属各单位的合计。监督通知书不计。没有剔除项。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND is_closed) AS numerator,
       count(*) FILTER (WHERE state = 'due')               AS denominator,
       count(*) FILTER (WHERE state = 'pending')           AS pending
FROM supervision_docs_to_answer
GROUP BY 1, 2, 3
