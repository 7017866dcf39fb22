-- /// population
-- title = "行政诉讼的开庭"
-- grain = "one instance of litigation filed by the as-of date"
-- [excluded]
-- not_heard = "没有开庭记录（书面审理，或者开庭前已经结案）"
-- no_hearing_date = "已开庭而没有日期，尚未审结，看不出何时开庭"
-- [columns]
-- held_on = "开庭之日"
-- is_attended = "负责人出庭"
-- ///
--
-- 截至数据截止日已受理的一审、二审；行政复议的听证不在内（行政诉讼法第3条只规定诉讼）。
-- 有开庭日期的，标明开庭的，或者记录了负责人是否出庭的，都是开庭：少填一栏不使其退出分母。
-- `held_on`：开庭之日；没有日期的，为审结之日（只用于确定月份）。开庭日期在数据截止日之后的，为未到期。
-- `is_attended`：负责人出庭；没有填写的，视为没有出庭。
WITH instances AS (
  SELECT unit_id, coalesce(domain, 'other') AS domain, rl_id AS record_id, source_file, source_line, case_id, kind, filed_on, hearing_on,
         coalesce(head_attended, false) AS is_attended,
         coalesce(hearing_on, CASE WHEN end_of(decided_on) <= $as_of THEN decided_on END) AS held_on,
         hearing_on IS NOT NULL OR coalesce(hearing_held, head_attended IS NOT NULL) AS is_heard
  FROM reviews_litigation
  WHERE kind IN ('litigation_first', 'litigation_second') AND end_of(filed_on) <= $as_of
)
SELECT s.*, coalesce(s.held_on, s.filed_on) AS counted_on,
       CASE WHEN s.excluded_because IS NOT NULL THEN 'excluded' WHEN end_of(s.held_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT i.*, CASE WHEN NOT i.is_heard THEN 'not_heard' WHEN i.held_on IS NULL THEN 'no_hearing_date' END AS excluded_because
  FROM instances AS i
) AS s
