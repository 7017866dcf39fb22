-- /// population
-- title = "应在目标时限内办结的食品药品案件"
-- grain = "one food or drug case of market regulation, not under the simple procedure"
-- [columns]
-- ended_on = "办结之日"
-- ///
--
-- `ordinary_cases` 中的食品药品案件，按办结目标时限评判（剔除与否亦然）：`due_on` 在此是目标时限的最后一日，不是法定期限的最后一日。
-- `ended_on`：办结之日，即决定日期；参数 `food_drug_closure.end_is_closing` 规定以结案为准的，为结案日期。
SELECT unit_id, domain, record_id, source_file, source_line, filed_on, target_on AS due_on, target_excluded_because AS excluded_because,
       CASE WHEN param('food_drug_closure.end_is_closing', domain, started_on) = 1 THEN closed_on ELSE decided_on END AS ended_on,
       CASE WHEN target_excluded_because IS NOT NULL THEN 'excluded'
            WHEN end_of(target_on) <= $as_of THEN 'due'
            ELSE 'pending' END AS state
FROM ordinary_cases
WHERE domain = 'market' AND is_food_drug
