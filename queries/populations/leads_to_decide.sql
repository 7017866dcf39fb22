-- /// population
-- title = "应在法定期限内决定是否立案的线索"
-- grain = "one lead received by the as-of date"
-- [excluded]
-- transferred = "在期限内移送有管辖权的机关"
-- [columns]
-- answered_on = "作出立案或不予立案决定之日"
-- ///
--
-- `due_on`：立案或不予立案决定的法定期限（`filing.statutory`）的最后一日，自收到线索之日起算，加检测检验等天数；
-- 期限届满之前（含当日）批准延长的，为延长后的期限（`filing_extended.statutory`）；届满之后才批准的，不能使已过的期限恢复。
-- `answered_on`：最早作出立案、不予立案决定之日，由该线索开办的首个案件的立案也算。
-- 在期限内移送的线索予以剔除；逾期才移送的，不能免责。
SELECT l.*, CASE WHEN l.excluded_because IS NOT NULL THEN 'excluded'
                 WHEN end_of(l.due_on) <= $as_of THEN 'due'
                 ELSE 'pending' END AS state
FROM (
  SELECT d.*, CASE WHEN d.decision = 'transfer' AND d.answered_on IS NULL AND d.decided_on <= d.due_on THEN 'transferred' END AS excluded_because
  FROM (
    SELECT unit_id, domain, record_id, source_file, source_line, decision, decided_on, received_on, extended_on,
           least(filed_on, CASE WHEN decision = 'not_file' THEN decided_on END) AS answered_on,
           CASE WHEN extended_on <= due_on('filing.statutory', domain, received_on, tested_days) AND end_of(extended_on) <= $as_of
                THEN due_on('filing_extended.statutory', domain, received_on, tested_days)
                ELSE due_on('filing.statutory', domain, received_on, tested_days) END AS due_on
    FROM lead_register
  ) AS d
) AS l
