-- /// population
-- title = "非简易程序的行政处罚案件及其办案期限"
-- grain = "one penalty case not under the simple procedure, opened by the as-of date"
-- [excluded]
-- transferred = "期限届满以前已移送其他机关，不再由本单位作出决定"
-- withdrawn = "期限届满以前已撤案"
-- no_filing_date = "没有立案日期，期限无从起算"
-- ///
--
-- 适用普通程序（以及快速办理、没有注明程序）的每件案件及其两个期限：
-- `due_on`：法定期限（`decision.statutory`），自立案起算，加批准的延长和应扣除的天数；
-- 延长至多算参数 `decision.extension_max`：自报的天数再多，也不能使期限再往后推；
-- `target_on`：食品药品案件目标时限（`food_drug_closure.target`），自立案起算，加应扣除的天数；延长只改变法定期限，不改变目标时限。
-- `is_food_drug`：自报为食品药品，或者所涉事项在食品药品事项之内（`item_kinds`）：不报不能使案件退出时限。
-- `left_as`：截至数据截止日已移送、撤案的（没有日期的，视为已移送、撤案）。
-- `excluded_because`、`state` 依法定期限确定，`target_excluded_because` 依目标时限。各自的期限届满以前（含当日）移送、撤案的，
--   或者移送、撤案没有日期的，予以剔除；届满以后才移送、撤案的，不能免责。
-- 没有立案日期的，时限无从起算（在此列出，并由完整性检查计数）；其 `due_on` 自 `opened_on` 推算，只用于确定月份。
SELECT c.unit_id, c.domain, c.case_id AS record_id, c.source_file, c.source_line, c.region_code,
       c.is_food_drug_case AS is_food_drug, c.ended_as, c.filed_on, c.decided_on, c.closed_on, c.started_on,
       c.due_on, c.target_on, c.left_as, c.excluded_because, c.target_excluded_because,
       CASE WHEN c.excluded_because IS NOT NULL THEN 'excluded'
            WHEN end_of(c.due_on) <= $as_of THEN 'due'
            ELSE 'pending' END AS state
FROM (
  SELECT d.*, coalesce(CASE WHEN coalesce(d.left_on <= d.due_on, true) THEN d.left_as END, d.unfiled) AS excluded_because,
         coalesce(CASE WHEN coalesce(d.left_on <= d.target_on, true) THEN d.left_as END, d.unfiled) AS target_excluded_because
  FROM (
    SELECT c.*, c.opened_on AS started_on,
           coalesce(c.is_food_drug, false) OR coalesce(i.is_food_drug, false) OR coalesce(k.is_food_drug, false) AS is_food_drug_case,
           due_on('decision.statutory', c.domain, c.opened_on,
                  c.granted_days + coalesce(x.statutory_days, 0)) AS due_on,
           due_on('food_drug_closure.target', c.domain, c.opened_on, coalesce(x.target_days, 0)) AS target_on,
           least(c.decided_on, c.closed_on, day_of(c.transferred_at)) AS left_on,
           CASE WHEN c.ended_as IN ('transferred', 'withdrawn')
                  AND coalesce(end_of(least(c.decided_on, c.closed_on, day_of(c.transferred_at))) <= $as_of, true) THEN c.ended_as END AS left_as,
           CASE WHEN c.filed_on IS NULL THEN 'no_filing_date' END AS unfiled
    FROM case_register AS c
    LEFT JOIN case_excluded_days AS x ON x.case_id = c.case_id
    LEFT JOIN item_kinds AS i ON i.item_code = c.item_code
    LEFT JOIN item_kinds AS k ON k.item_code = c.supervise_item_code
    WHERE coalesce(c.procedure, 'ordinary') <> 'simple' AND end_of(c.opened_on) <= $as_of
  ) AS d
) AS c
