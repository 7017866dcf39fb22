-- /// population
-- title = "应告知当事人的非现场违法记录"
-- grain = "one transport case whose device record was reviewed by the as-of instant"
-- [excluded]
-- review_failed = "记录审核没有通过，不作为证据"
-- no_review_time = "没有记录审核时间，期限无从起算"
-- [columns]
-- told_on = "告知之日"
-- ///
--
-- 交通运输领域记录已经审核的非现场案件。`due_on`：自审核之日起的告知时限（`offsite_notice.target`）的最后一日；
-- 没有审核时间的，自案件最早的日期推算，只用于确定月份。审核结论没有填写、但有审核时间的，视为通过：漏填结论不能使记录退出分母。
-- `told_on`：非现场违法告知书或者处罚事先告知书首次送达之日；公告送达的，为公告之日：当事人下落不明不是单位的过错。
-- 只有落款日期、没有送达的，不算告知。
WITH told AS (
  SELECT case_id, min(least(day_of(served_at), notice_published_on)) AS told_on
  FROM case_documents
  WHERE doc_kind IN ('offsite_notice', 'prior_notice') AND end_of(dated_on) <= $as_of
  GROUP BY case_id
),
reviewed AS (
  SELECT unit_id, domain, record_id, source_file, source_line, day_of(offsite_reviewed_at) AS reviewed_on,
         due_on('offsite_notice.target', domain, coalesce(day_of(offsite_reviewed_at), opened_on)) AS due_on,
         CASE WHEN NOT offsite_review_passed THEN 'review_failed'
              WHEN offsite_reviewed_at IS NULL THEN 'no_review_time' END AS excluded_because
  FROM case_register
  WHERE domain = 'transport' AND (offsite_reviewed_at IS NOT NULL OR offsite_review_passed IS NOT NULL)
    AND coalesce(offsite_reviewed_at < $as_of, end_of(opened_on) <= $as_of)
)
SELECT r.*, t.told_on,
       CASE WHEN r.excluded_because IS NOT NULL THEN 'excluded'
            WHEN end_of(r.due_on) <= $as_of THEN 'due'
            ELSE 'pending' END AS state
FROM reviewed AS r
LEFT JOIN told AS t ON t.case_id = r.record_id
