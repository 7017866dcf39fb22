-- /// population
-- title = "接收后已作出处理的跨区域移送"
-- grain = "one cross-region transfer that the recipient has accepted and decided"
-- [excluded]
-- same_area = "双方在同一地区，或者一方是另一方的上级地区，不是跨区域"
-- transferred_on = "接收方又移送其他机关，没有由其认定证据"
-- [columns]
-- is_recognised = "移送的证据被采用"
-- ///
--
-- 截至数据截止时点接收方已作出处理的跨区域移送，归接收单位；`decided_on` 为登记的处理之日，没有登记的，为接收方所立案件的决定之日：
-- 不登记处理时间，不能退出分母。接收方没有登记接收但已处理的，视为已接收。
-- `is_recognised`：移送的证据被采用；没有注明的（空），视为没有采用。
-- 接收方所立案件的结果为移送其他机关的，剔除；双方在同一地区或者一方包含另一方的，剔除。
SELECT l.to_unit AS unit_id, l.domain, l.record_id, l.source_file, l.source_line, l.region, l.neighbour, coalesce(l.outcome_on, c.decided_on) AS decided_on,
       coalesce(l.evidence_used, false) AS is_recognised,
       CASE WHEN NOT l.is_across THEN 'same_area' WHEN c.ended_as = 'transferred' THEN 'transferred_on' END AS excluded_because,
       CASE WHEN NOT l.is_across OR coalesce(c.ended_as = 'transferred', false) THEN 'excluded' ELSE 'due' END AS state
FROM cross_region_leads AS l
LEFT JOIN (SELECT case_id, ended_as, decided_on FROM case_register WHERE end_of(coalesce(decided_on, closed_on)) <= $as_of) AS c ON c.case_id = l.received_case_id
WHERE l.source_table = 'lead_transfers' AND coalesce(l.outcome_on, c.decided_on) IS NOT NULL
