-- /// population
-- title = "应当报送考核平台的执法记录"
-- grain = "one record on either side: a decided case or an inspection"
-- [columns]
-- submitted_on = "报送之日"
-- ///
--
-- `reconciled_records` 的各行，不论是否已经报送：执法系统有而平台没有的，视为没有报送，不因不报而退出分母。
-- `due_on`：`feed.target` 的最后一日，自案件决定之日、检查之日起算。
SELECT r.unit_id, r.domain, r.record_id, r.source_file, r.source_line, r.event_on, r.submitted_on, r.due_on, r.excluded_because,
       CASE WHEN r.excluded_because IS NOT NULL THEN 'excluded' WHEN end_of(r.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT unit_id, domain, record_id, source_file, source_line, event_on, submitted_on, excluded_because,
         due_on('feed.target', domain, event_on) AS due_on
  FROM reconciled_records
) AS r
