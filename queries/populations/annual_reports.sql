-- /// population
-- title = "应当公开上年度行政执法数据的执法主体"
-- grain = "one unit, one of its domains and one year that was over by the as-of date"
-- [excluded]
-- entrusted = "受委托组织，以委托机关的名义执法，由委托机关公开"
-- dissolved = "公开期限届满前已撤销，没有承继的主体"
-- [columns]
-- published_on = "公开之日"
-- ///
--
-- 年末在册的执法主体，应当公开该年度的行政执法数据；近两个年度各为一行。数个领域的主体，每个领域各为一行；没有填写领域的，为其他（other）。
-- `due_on`：公开的最后一日（`annual_report.statutory`，次年1月31日），自年度的最后一日起算。
-- `published_on`：该主体公示类型为年度数据的公示中，该年度（`report_year`）最早的公开之日；一份数据对主体的各个领域都有效。
-- 没有填写年度的，为应公示之日的上一年。没有公示记录的，视为没有公开。
WITH owed AS (
  SELECT unit_id, report_year, year_end, unit_kind, source_file, source_line, unnest(coalesce(domain_list, make_array('other'))) AS domain
  FROM (
    SELECT s.unit_id, s.unit_kind, s.domain_list, s.source_file, s.source_line, s.valid_from, s.valid_to, y.report_year,
           make_date(y.report_year, 12, 31) AS year_end
    FROM unit_spans AS s
    CROSS JOIN (SELECT unnest(make_array(as_of_year - 1, as_of_year - 2)) AS report_year
                FROM (SELECT CAST(date_part('year', day_of($as_of - INTERVAL '1 second')) AS INT) AS as_of_year) AS now) AS y
  ) AS u
  WHERE year_end BETWEEN valid_from AND valid_to
),
published AS (
  SELECT unit_id, coalesce(report_year, date_part('year', due_on) - 1) AS report_year, min(day_of(published_at)) AS published_on
  FROM disclosures
  WHERE ref_kind = 'annual' AND published_at < $as_of
  GROUP BY 1, 2
),
existing AS (
  SELECT unit_id, max(valid_to) AS last_day
  FROM unit_spans
  GROUP BY unit_id
)
SELECT s.*, CASE WHEN s.excluded_because IS NOT NULL THEN 'excluded' WHEN end_of(s.due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT d.*, CASE WHEN d.unit_kind = 'entrusted' THEN 'entrusted' WHEN d.last_day < d.due_on THEN 'dissolved' END AS excluded_because
  FROM (
    SELECT o.unit_id, o.domain, o.unit_id || ' / ' || CAST(o.report_year AS VARCHAR) AS record_id, o.source_file, o.source_line,
           o.unit_kind, o.report_year, e.last_day, p.published_on,
           due_on('annual_report.statutory', o.domain, o.year_end) AS due_on
    FROM owed AS o
    JOIN existing AS e ON e.unit_id = o.unit_id
    LEFT JOIN published AS p ON p.unit_id = o.unit_id AND p.report_year = o.report_year
  ) AS d
) AS s
