-- One row = one violation that an inspection found. The key is the whole row.
-- The day of correction stands in brackets behind the description, as m/d/yyyy. Twelve times a spreadsheet has made a time of day of
-- it (12:15:17 PM for 12/15/17): what stood there is kept as correction_note, and no date is guessed from it.
SELECT concat(business_id, '|', "date", '|', description) AS violation_id,
       business_id AS credit_code,
       "date" AS checked_on,
       btrim(regexp_replace(description, '\[[^\]]*\]\s*$', '')) AS description,
       CASE WHEN note ~ '^\d{1,2}/\d{1,2}/\d{4}$' THEN regexp_replace(note, '^(\d+)/(\d+)/(\d+)$', '\3-\1-\2') END AS rectified_on,
       CASE WHEN NOT note ~ '^\d{1,2}/\d{1,2}/\d{4}$' THEN note END AS correction_note,
       source_line
FROM (SELECT *, btrim(regexp_replace(CASE WHEN description LIKE '%[ date violation corrected:%' THEN description END,
                                     '^.*\[ date violation corrected:(.*)\]\s*$', '\1')) AS note
      FROM source)
