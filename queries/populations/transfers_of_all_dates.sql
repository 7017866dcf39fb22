-- /// population
-- title = "全部移送登记（补足双方的地区和单位）"
-- grain = "one transfer of a lead or a case"
-- [columns]
-- region = "移出方地区"
-- neighbour = "接收方地区"
-- ///
--
-- 移送登记的各行，不论种类和数据截止日，供 `cross_region_leads` 读取。
-- `region`、`neighbour`：移出方、接收方的区划。边界在县与县之间：移送登记写的是市或省的，依次取案件、线索、单位所在的县；都没有的，照写市或省；
-- 一概不知的为空文本。单位的区划按知道应当移送之日有效的名录。
-- `receiving_unit`：接收单位；没有填写的，为接收方立案的单位。`lead_of_case`：所移送案件的线索。
SELECT t.*, coalesce(t.to_unit, r.unit_id) AS receiving_unit, c.lead_id AS lead_of_case,
       coalesce(CASE WHEN substr(t.from_region, 5, 2) <> '00' THEN substr(t.from_region, 1, 6) END,
                CASE WHEN substr(c.region_code, 5, 2) <> '00' THEN substr(c.region_code, 1, 6) END,
                CASE WHEN substr(l.region_code, 5, 2) <> '00' THEN substr(l.region_code, 1, 6) END,
                CASE WHEN substr(f.region_code, 5, 2) <> '00' THEN substr(f.region_code, 1, 6) END,
                substr(t.from_region, 1, 6), substr(f.region_code, 1, 6), '') AS region,
       coalesce(CASE WHEN substr(t.to_region, 5, 2) <> '00' THEN substr(t.to_region, 1, 6) END,
                CASE WHEN substr(l.place_code, 5, 2) <> '00' THEN substr(l.place_code, 1, 6) END,
                CASE WHEN substr(c.place_code, 5, 2) <> '00' THEN substr(c.place_code, 1, 6) END,
                CASE WHEN substr(g.region_code, 5, 2) <> '00' THEN substr(g.region_code, 1, 6) END,
                substr(t.to_region, 1, 6), substr(g.region_code, 1, 6), '') AS neighbour
FROM lead_transfers AS t
LEFT JOIN case_register AS c ON c.case_id = t.case_id
LEFT JOIN leads AS l ON l.lead_id = t.lead_id
LEFT JOIN case_register AS r ON r.case_id = t.received_case_id
LEFT JOIN unit_spans AS f ON f.unit_id = t.from_unit AND t.known_on BETWEEN f.valid_from AND f.valid_to
LEFT JOIN unit_spans AS g ON g.unit_id = t.to_unit AND t.known_on BETWEEN g.valid_from AND g.valid_to
