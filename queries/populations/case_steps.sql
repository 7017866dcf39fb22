-- /// population
-- title = "案件各步骤的日期（案件、环节、文书合并）"
-- grain = "one penalty case that the source has not deleted"
-- ///
--
-- 每件案件各步骤的日期，取自案件自身、环节和文书，截至数据截止日已经发生的；没有记录的为空。只供其他口径读取。
-- 文书的送达之日：`served_at`；只有公告之日的，为公告期满之日（`publication_service.statutory`）。没有送达记录的文书，不能证明送达。
-- 环节的日期：结束之日；来源没有起止时刻的，为 `staged_on`；已开始而没有结束的，还没有完成。
-- `investigated_on`：调查终结之日，案件和环节有数个日期的，取最晚的一个（补充调查结束才是终结）；都没有记录的，取调查终结报告落款之日，
--   再没有的，取决定之日：决定作出，调查至迟已经终结。
-- `notice_served_on`：决定以前最后一次送达处罚事先告知书之日；没有的，为听证告知书之日（市场监管以听证告知代事先告知），再没有的，为告知环节之日。
-- `hearing_right_served_on`：决定以前最后一次送达听证告知书之日。`is_waived`：决定以前有放弃陈述申辩（听证）的文书。
-- `is_heard`、`hearing_on`：举行了听证及首次举行之日；`hearing_notified_on`：该日以前最后一次送达听证通知书之日，没有的为听证通知环节之日。
-- `hearing_hosts`：听证主持人；`investigators`：办案人员和调查环节的人员。没有记录的为空列表；人员不分先后。
-- `legal_reviewed_on`、`discussed_on`：首次完成法制审核、集体讨论之日；`voters`：集体讨论中表决的人员，没有表决人员的为参加讨论的人员。
-- `delivered_on`：决定书送达之日，公告送达的为公告之日；早于决定的日期不是决定书的送达，不取。
-- `performed_on`、`closed_on`：执行完毕、结案之日。
WITH staged AS (
  SELECT s.case_id, s.stage, s.officers,
         CASE WHEN s.finished_at IS NOT NULL THEN CASE WHEN s.finished_at < $as_of THEN day_of(s.finished_at) END
              WHEN s.started_at IS NULL THEN s.staged_on END AS ended_on
  FROM case_stages AS s
  WHERE end_of(s.staged_on) <= $as_of
),
stages AS (
  SELECT case_id,
         max(ended_on) FILTER (WHERE stage = 'investigated')   AS investigated_on,
         max(ended_on) FILTER (WHERE stage = 'notice')         AS noticed_on,
         max(ended_on) FILTER (WHERE stage = 'hearing_notice') AS hearing_notified_on,
         min(ended_on) FILTER (WHERE stage = 'hearing')        AS heard_on,
         min(ended_on) FILTER (WHERE stage = 'legal_review')   AS legal_reviewed_on,
         min(ended_on) FILTER (WHERE stage = 'collective')     AS discussed_on,
         min(ended_on) FILTER (WHERE stage = 'delivery')       AS delivered_on,
         max(ended_on) FILTER (WHERE stage = 'performance')    AS performed_on,
         min(ended_on) FILTER (WHERE stage = 'closed')         AS closed_on,
         array_sort(flatten(array_agg(officers) FILTER (WHERE stage = 'investigated' AND officers IS NOT NULL))) AS investigators,
         array_sort(flatten(array_agg(officers) FILTER (WHERE stage = 'hearing' AND officers IS NOT NULL)))      AS hearing_hosts,
         array_sort(flatten(array_agg(officers) FILTER (WHERE stage = 'collective' AND officers IS NOT NULL)))   AS discussants
  FROM staged
  GROUP BY case_id
),
served AS (
  SELECT d.case_id, d.doc_kind, d.dated_on, c.decided_on, d.notice_published_on,
         coalesce(c.decided_on, DATE '9999-12-31') AS last_day,
         CASE WHEN d.served_at < $as_of THEN day_of(d.served_at) END AS handed_over_on,
         coalesce(CASE WHEN d.served_at < $as_of THEN day_of(d.served_at) END,
                  due_on('publication_service.statutory', c.domain, d.notice_published_on)) AS served_on
  FROM case_documents AS d
  JOIN case_register AS c ON c.case_id = d.case_id
  WHERE end_of(d.dated_on) <= $as_of
),
documents AS (
  SELECT case_id,
         max(served_on) FILTER (WHERE doc_kind = 'prior_notice' AND served_on <= last_day AND end_of(served_on) <= $as_of)         AS noticed_on,
         max(served_on) FILTER (WHERE doc_kind = 'hearing_right_notice' AND served_on <= last_day AND end_of(served_on) <= $as_of) AS hearing_right_served_on,
         bool_or(doc_kind = 'waiver' AND dated_on <= last_day)          AS is_waived,
         min(dated_on) FILTER (WHERE doc_kind = 'hearing_record')       AS heard_on,
         max(dated_on) FILTER (WHERE doc_kind = 'investigation_report') AS reported_on,
         min(dated_on) FILTER (WHERE doc_kind = 'legal_review_opinion') AS legal_reviewed_on,
         min(dated_on) FILTER (WHERE doc_kind = 'collective_record')    AS discussed_on,
         min(dated_on) FILTER (WHERE doc_kind = 'closing_report')       AS closed_on,
         min(handed_over_on) FILTER (WHERE doc_kind IN ('simple_decision', 'decision', 'no_penalty_decision', 'delivery_receipt')
                                       AND handed_over_on >= decided_on)      AS handed_over_on,
         min(notice_published_on) FILTER (WHERE doc_kind IN ('simple_decision', 'decision', 'no_penalty_decision', 'delivery_receipt')
                                            AND notice_published_on >= decided_on AND end_of(notice_published_on) <= $as_of) AS published_on
  FROM served
  GROUP BY case_id
),
heard AS (
  SELECT c.case_id, coalesce(CASE WHEN end_of(c.hearing_held_on) <= $as_of THEN c.hearing_held_on END, s.heard_on, d.heard_on) AS hearing_on
  FROM case_register AS c
  LEFT JOIN stages AS s ON s.case_id = c.case_id
  LEFT JOIN documents AS d ON d.case_id = c.case_id
),
hearing_notices AS (
  SELECT v.case_id, max(v.served_on) AS notified_on
  FROM served AS v
  JOIN heard AS h ON h.case_id = v.case_id
  WHERE v.doc_kind = 'hearing_notice' AND v.served_on <= h.hearing_on
  GROUP BY v.case_id
)
SELECT c.case_id,
       coalesce(greatest(CASE WHEN end_of(c.investigated_on) <= $as_of THEN c.investigated_on END, s.investigated_on), d.reported_on,
                CASE WHEN end_of(c.decided_on) <= $as_of THEN c.decided_on END) AS investigated_on,
       coalesce(d.noticed_on, d.hearing_right_served_on, CASE WHEN s.noticed_on <= coalesce(c.decided_on, s.noticed_on) THEN s.noticed_on END) AS notice_served_on,
       d.hearing_right_served_on, coalesce(d.is_waived, false) AS is_waived,
       h.hearing_on, coalesce(h.hearing_on IS NOT NULL OR c.hearing_held, false) AS is_heard,
       coalesce(n.notified_on, s.hearing_notified_on) AS hearing_notified_on,
       coalesce(s.hearing_hosts, make_array()) AS hearing_hosts,
       array_concat(coalesce(c.officers, make_array()), coalesce(s.investigators, make_array())) AS investigators,
       least(c.legal_review_on, s.legal_reviewed_on, d.legal_reviewed_on) AS legal_reviewed_on,
       least(c.collective_discussion_on, s.discussed_on, d.discussed_on)  AS discussed_on,
       coalesce(CASE WHEN cardinality(c.collective_voters) > 0 THEN c.collective_voters END,
                CASE WHEN cardinality(c.discussants) > 0 THEN c.discussants END, s.discussants, make_array()) AS voters,
       least(CASE WHEN c.delivered_on >= c.decided_on AND end_of(c.delivered_on) <= $as_of THEN c.delivered_on END,
             CASE WHEN s.delivered_on >= c.decided_on THEN s.delivered_on END, d.handed_over_on, d.published_on) AS delivered_on,
       coalesce(CASE WHEN end_of(c.performed_on) <= $as_of THEN c.performed_on END, s.performed_on) AS performed_on,
       least(CASE WHEN end_of(c.closed_on) <= $as_of THEN c.closed_on END, s.closed_on, d.closed_on) AS closed_on
FROM case_register AS c
LEFT JOIN stages AS s ON s.case_id = c.case_id
LEFT JOIN documents AS d ON d.case_id = c.case_id
LEFT JOIN heard AS h ON h.case_id = c.case_id
LEFT JOIN hearing_notices AS n ON n.case_id = c.case_id
