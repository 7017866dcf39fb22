-- /// population
-- title = "应在目标时限内办结的食品药品案件"
-- grain = "one food or drug case of market regulation, not under the simple procedure"
-- ///
--
-- Food and drug cases of ordinary_cases, judged by the closure target: `due_on` here is the target's last day, not the law's.
-- `ended_on` is what 办结 means: the decision date, or the closing date where the parameter food_drug_closure.end_is_closing says so.
SELECT unit_id, domain, record_id, source_file, source_line, filed_on, target_on AS due_on, excluded_because,
       CASE WHEN param('food_drug_closure.end_is_closing', domain, started_on) = 1 THEN closed_on ELSE decided_on END AS ended_on,
       CASE WHEN excluded_because IS NOT NULL THEN 'excluded'
            WHEN end_of(target_on) <= $as_of THEN 'due'
            ELSE 'pending' END AS state
FROM ordinary_cases
WHERE domain = 'market' AND is_food_drug
