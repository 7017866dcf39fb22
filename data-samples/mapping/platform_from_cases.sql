-- One decided case of a unit without an interface = one record of the platform.
-- Both sides then come from one export: kaohe sees it and leaves these pairs out of the comparison.
SELECT concat('PT', "案号") AS platform_id,
       'cases' AS source_table,
       "行政处罚决定书文号" AS key_text,
       "执法单位编码" AS unit_id,
       "执法领域" AS domain,
       "决定日期" AS event_date,
       "决定日期" AS decided_on,
       "行政处罚决定书文号" AS decision_no,
       "罚款数额" AS fine_amount,
       "当事人代码" AS party_code,
       "案件结果" AS outcome,
       "修改时间" AS arrived_at,
       source_line
FROM source
WHERE "决定日期" <> '' AND "行政处罚决定书文号" <> ''
