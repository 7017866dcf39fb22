-- /// population
-- title = "本年与上年同期的入企检查"
-- grain = "one inspection of this year to date, or of the same days of the year before"
-- [columns]
-- is_this_year = "本年的检查"
-- ///
--
-- 统计期内的入企检查，以及上年同期（起止各早一年）的入企检查，口径相同（见 `enterprise_visits`）：不论因何启动，都计入，
-- 因此改填启动原因，不能使次数看上去下降。没有入企的检查、检查对象是自然人的检查，予以剔除。
SELECT unit_id, domain, record_id, source_file, source_line, checked_on, began_at AS due_at,
       end_of(checked_on) > $from AS is_this_year, excluded_because,
       CASE WHEN excluded_because IS NULL THEN 'due' ELSE 'excluded' END AS state
FROM enterprise_visits
WHERE end_of(checked_on) > $from
   OR (checked_on >= day_of($from) - INTERVAL '1 year' AND checked_on <= day_of($as_of - INTERVAL '1 second') - INTERVAL '1 year')
