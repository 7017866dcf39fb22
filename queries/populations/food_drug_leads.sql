-- /// population
-- title = "应在目标时限内立案的食品药品线索"
-- grain = "one food or drug lead of market regulation, received by the as-of instant"
-- [excluded]
-- not_filed = "在期限内依法决定不予立案"
-- transferred = "在期限内移送有管辖权的机关"
-- ///
--
-- `due_on`：立案目标时限（`food_drug_filing.target`）的最后一日，自收到线索之日起算，加依法中止（检测检验等）的天数。
-- `filed_on`：立案之日，见 `lead_register`。
-- `state` 到期：截至数据截止时点，最后一日已过。
-- 在期限内决定不予立案（不论有无记录理由）或者移送的线索，予以剔除；
-- 最后一日之后才作出同样决定的，不能免责：该线索到期，且未按期立案。
SELECT l.unit_id, l.domain, l.record_id, l.source_file, l.source_line, l.filed_on, l.due_on, l.excluded_because,
       CASE WHEN l.excluded_because IS NOT NULL THEN 'excluded'
            WHEN end_of(l.due_on) <= $as_of THEN 'due'
            ELSE 'pending' END AS state
FROM (
  SELECT d.*, CASE WHEN d.filed_on IS NULL AND d.decided_on <= d.due_on
                   THEN CASE d.decision WHEN 'not_file' THEN 'not_filed' WHEN 'transfer' THEN 'transferred' END
              END AS excluded_because
  FROM (
    SELECT unit_id, domain, record_id, source_file, source_line, decision, decided_on, filed_on,
           due_on('food_drug_filing.target', domain, received_on, tested_days) AS due_on
    FROM lead_register
    WHERE domain = 'market' AND is_food_drug
  ) AS d
) AS l
