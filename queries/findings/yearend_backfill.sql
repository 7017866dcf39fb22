-- What the detector yearend_backfill (年底突击补录) looks at: one row for each case or inspection entered in the period, and sign.
--
-- Entered = created_at in the source system; the event may be older than the period. Rows without created_at are not judged.
--   late      entered more than the parameter's days after the event (a case's first date, the day of an inspection)
--   year_end  entered in the last working days of the period (of the time up to the as-of date, while it runs)
--   both      late and at the end: the evidence
-- Left out: bulk loads. One source batch (source_batch) that enters, within one minute, at least so many rows of at least so many
-- units (parameters finding.migration.*) is a migration or a joint upload, and says nothing about one unit. A unit's own upload stays
-- in: that is the reviewer's question.
WITH entered AS (
  SELECT 'cases' AS source_table, unit_id, domain, record_id, source_file, source_line, source_batch, opened_on AS event_on, created_at
  FROM case_register
  UNION ALL
  SELECT 'inspections' AS source_table, unit_id, act_domain AS domain, record_id, source_file, source_line, source_batch,
         checked_on AS event_on, created_at
  FROM inspection_register
),
in_period AS (
  SELECT *, day_of(created_at) AS created_on, date_trunc('minute', created_at) AS created_minute
  FROM entered
  WHERE created_at >= $from AND created_at < $as_of AND event_on IS NOT NULL
),
bulk AS (
  SELECT source_table, source_batch, created_minute
  FROM in_period
  WHERE source_batch IS NOT NULL
  GROUP BY source_table, source_batch, created_minute
  HAVING count(*) >= param('finding.migration.rows', 'other', day_of($as_of - INTERVAL '1 second'))
     AND count(DISTINCT unit_id) >= param('finding.migration.units', 'other', day_of($as_of - INTERVAL '1 second'))
),
judged AS (
  SELECT e.*,
         created_on - event_on > param('finding.yearend_backfill.late_days', e.domain, e.created_on) AS is_late,
         workdays_between(created_on, day_of($as_of - INTERVAL '1 second'))
           < param('finding.yearend_backfill.last_workdays', e.domain, e.created_on) AS is_at_end
  FROM in_period AS e
  LEFT ANTI JOIN bulk AS b ON b.source_table = e.source_table AND b.source_batch = e.source_batch AND b.created_minute = e.created_minute
)
SELECT j.unit_id, j.domain, j.source_table, j.record_id, j.source_file, j.source_line, s.sign,
       CASE s.sign WHEN 'late' THEN is_late WHEN 'year_end' THEN is_at_end ELSE is_late AND is_at_end END AS is_odd,
       concat('事项日期 ', CAST(event_on AS VARCHAR), '，录入 ', CAST(created_on AS VARCHAR), '，相隔 ',
              CAST(created_on - event_on AS VARCHAR), ' 天') AS says
FROM judged AS j
CROSS JOIN (VALUES ('late'), ('year_end'), ('both')) AS s (sign)
