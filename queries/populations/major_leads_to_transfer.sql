-- /// population
-- title = "应移交的重大生态环境线索"
-- grain = "one transfer of a major lead or case of ecology and environment, or one such lead that should have been transferred"
-- [excluded]
-- criminal = "涉嫌犯罪的移送，适用移送公安机关自己的期限"
-- no_known_time = "没有记录知道应当移送的时刻，48小时无从起算"
-- [columns]
-- is_in_time = "按期移交"
-- ///
--
-- 重大线索：线索标记为重大，或者所移送的案件是重大案件。两种来源，发出与否都在内：
-- 一、移送记录，自知道应当移送的时刻（`known_at`）起算；没有移送类型的，照样计入；抄告、提请关闭不是移送。
-- 二、没有移送记录的重大线索：决定移送的，自决定之时（没有时间的，自收到线索之日24时）起算；违法行为发生地在本单位辖区之外的，
-- 归属在收到时即已知道，自收到之时起算。自行立案的也在内：不属本单位管辖的线索，不能以立案代替移交。
-- `due_on`：期限（`major_lead_transfer.target`）届满之日，期满时刻见 `due_at`。`is_in_time`：在期满时刻或之前移出；只有移出日期的，不晚于期满之日。
WITH transfers AS (
  SELECT t.from_unit AS unit_id, t.transfer_id AS record_id, t.source_file, t.source_line, t.kind,
         t.known_at, t.known_on, t.transferred_at, t.transferred_on
  FROM lead_transfers AS t
  LEFT JOIN case_register AS c ON c.case_id = t.case_id
  LEFT JOIN leads AS l ON l.lead_id = coalesce(t.lead_id, c.lead_id)
  WHERE coalesce(t.domain, l.domain, c.domain) = 'eco' AND (coalesce(l.is_major, false) OR coalesce(c.major, false))
    AND coalesce(t.kind, 'cross_dept') NOT IN ('copied', 'closure_proposal')
),
handed_on AS (
  SELECT lead_id FROM lead_transfers WHERE lead_id IS NOT NULL
  UNION
  SELECT c.lead_id FROM lead_transfers AS t JOIN case_register AS c ON c.case_id = t.case_id WHERE c.lead_id IS NOT NULL
),
places AS (
  SELECT *, CASE WHEN substr(place_code, 3, 4) = '0000' THEN substr(place_code, 1, 2)
                 WHEN substr(place_code, 5, 2) = '00' THEN substr(place_code, 1, 4)
                 ELSE place_code END AS place
  FROM leads
  WHERE domain = 'eco' AND is_major
),
unsent AS (
  SELECT l.unit_id, l.lead_id AS record_id, l.source_file, l.source_line, CAST(NULL AS VARCHAR) AS kind,
         CASE WHEN coalesce(l.decision = 'transfer', false)
              THEN coalesce(l.decision_at, end_of(l.received_on)) ELSE coalesce(l.received_at, end_of(l.received_on)) END AS known_at,
         l.received_on AS known_on
  FROM places AS l
  LEFT JOIN handed_on AS h ON h.lead_id = l.lead_id
  LEFT JOIN unit_areas AS u ON u.unit_id = l.unit_id AND l.received_on BETWEEN u.valid_from AND u.valid_to
  WHERE h.lead_id IS NULL
    AND (coalesce(l.decision = 'transfer', false)
         OR coalesce(NOT starts_with(l.place, u.area) AND NOT starts_with(u.area, l.place), false))
),
matters AS (
  SELECT * FROM transfers
  UNION ALL
  SELECT unit_id, record_id, source_file, source_line, kind, known_at, known_on, CAST(NULL AS TIMESTAMP), CAST(NULL AS DATE) FROM unsent
),
timed AS (
  SELECT *, due_at('major_lead_transfer.target', 'eco', coalesce(known_at, end_of(known_on))) AS due_at,
         CASE WHEN kind = 'criminal' THEN 'criminal'
              WHEN known_at IS NULL THEN 'no_known_time' END AS excluded_because
  FROM matters
  WHERE coalesce(known_at < $as_of, end_of(known_on) <= $as_of)
)
SELECT unit_id, 'eco' AS domain, record_id, source_file, source_line, known_at, due_at, day_of(due_at) AS due_on, transferred_at, excluded_because,
       coalesce(coalesce(transferred_at <= due_at, transferred_on <= day_of(due_at)), false) AS is_in_time,
       CASE WHEN excluded_because IS NOT NULL THEN 'excluded'
            WHEN due_at < $as_of THEN 'due'
            ELSE 'pending' END AS state
FROM timed
