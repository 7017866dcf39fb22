-- One row = one action in one town that it names. The cell is a Python list: ['Framingham', 'North Reading'], or [] for none.
-- A row with [] yields nothing here (filtered); one with k towns yields k rows (k - 1 expanded).
-- Manchester-by-the-Sea is MANCHESTER in the list of towns.
SELECT case_id,
       opened_on,
       CASE WHEN town = 'Manchester-by-the-Sea' THEN 'MANCHESTER' ELSE replace(upper(town), ' ', '_') END AS unit_id,
       source_line
FROM (SELECT concat("Date", '|', left("Text", 24), '|', right("Text", 16), '|', CAST(length("Text") AS varchar)) AS case_id,
             regexp_replace("Date", '^(\d{1,2})/(\d{1,2})/(\d{2})$', '20\3-\1-\2') AS opened_on,
             unnest(string_to_array(replace(btrim(municipality, '[]'), '''', ''), ', ')) AS town,
             source_line
      FROM source
      WHERE municipality <> '[]')
