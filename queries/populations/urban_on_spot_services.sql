-- /// population
-- title = "城市管理领域现场送达的文书"
-- grain = "one document served in person"
-- [excluded]
-- no_service_time = "没有送达的时刻，时限无从起算"
-- [columns]
-- is_archived_same_day = "送达当日归档"
-- ///
--
-- 城市管理领域以直接送达、留置送达方式送达的案件文书，即送到当事人面前的。领域取文书的；文书没有填写的，取所属案件的；
-- 两处都没有的，看不出属于城市管理，不在本口径内。邮寄、电子、公告、委托送达的不在内。
-- `due_on`：归档的最后一日（时限 `same_day_archive.target`，即送达当日），当日24时为限。
-- `is_archived_same_day`：在送达当日归档。送达之日以前就已归档的，卷中不可能有送达的证明，不算。
SELECT d.*, coalesce(d.archived_on BETWEEN d.served_on AND d.due_on, false) AS is_archived_same_day,
       CASE WHEN d.served_on IS NULL THEN 'no_service_time' END AS excluded_because,
       CASE WHEN d.served_on IS NULL THEN 'excluded' WHEN end_of(d.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT s.*, due_on('same_day_archive.target', s.domain, s.served_on) AS due_on
  FROM (
    SELECT f.unit_id, coalesce(f.domain, c.domain) AS domain, f.document_id AS record_id, f.source_file, f.source_line, f.case_id, f.doc_kind,
           f.dated_on, day_of(f.archived_at) AS archived_on, CASE WHEN f.served_at < $as_of THEN day_of(f.served_at) END AS served_on
    FROM case_documents AS f
    LEFT JOIN case_register AS c ON c.case_id = f.case_id
    WHERE f.service_method IN ('direct', 'leave') AND end_of(f.dated_on) <= $as_of AND coalesce(f.served_at < $as_of, true)
  ) AS s
  WHERE s.domain = 'urban'
) AS d
