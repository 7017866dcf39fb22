-- One row = one inspection. The key is everything that the row says: business, date, type and score. Business and date alone would
-- take two inspections for one twice (two scores on one day; a complaint and a routine inspection on one day).
-- result: 91 to 100 is Good in the city's own legend.
SELECT concat(business_id, '-', "date", '-', type, '-', score) AS inspection_id,
       business_id AS credit_code,
       'SFDPH' AS unit_id,
       'market' AS domain,
       'onsite' AS form,
       CASE WHEN type = 'routine' THEN 'routine' WHEN type = 'complaint' THEN 'cause' END AS kind,
       CASE WHEN type = 'routine' THEN 'plan' WHEN type = 'complaint' THEN 'complaint' END AS trigger_kind,
       "date" AS checked_on,
       CASE WHEN CAST(score AS bigint) >= 91 THEN 'no_problem' ELSE 'problem' END AS result,
       source_line
FROM source
