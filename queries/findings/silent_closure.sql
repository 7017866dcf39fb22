-- /// finding
-- title      = "无联系而办结"
-- statistic  = "rule"
-- severity   = 3
-- pattern    = "12345工单以已解决或者满意办结，却没有与诉求人联系、答复、回访的任何记录"
-- benign     = "匿名且无法联系的来电；重复来电并入另一工单一并答复；诉求人撤回；联系记录只在通话系统或者部门自己的系统中，没有报送；热线当场答复，只派单留档"
-- look_at    = "热线平台的通话记录和回访录音；部门办理反馈单及其附件；满意度由谁、何时填写；同一来电人的其他工单"
-- documented = "未见公开案例；检测规则目录 silent_closure"
-- basis      = "GB/T 33358-2016（政府热线服务规范）；检测规则目录 silent_closure"
-- ///
-- 考察的记录：统计期内办结，且结果为已解决、满意（非常满意、满意、基本满意）的12345工单，不论是否与行政执法有关，一件一行。
--
-- 数据截止时点没有下列任何一项的，列出：首次联系、答复、回访的时刻；诉求人自己对该工单的评价（系统自动的不算）；
-- 转录该工单的投诉举报（`complaint_register` 的 `is_copy`）所记的联系、告知、调解。
-- 同一来电人就同一件事（内容散列相同，没有的看分类和地点）给同一单位的另一工单联系过的，视为一并联系：
-- 在先的工单，联系须在本工单来电以后；在后的工单，联系须在本工单办结后参数 `hotline.repeat_window_days` 的天数之内。
-- 一市的热线没有任何工单有这些时刻的，是来源不提供，无从判断，该市一条也不列（各市热线平台各自报送）。
-- 不计：匿名、也没有联系途径的（`hotline_callers`）；表扬；所转录的投诉举报结果记为撤回、重复、合并的。
-- 回访在数据截止时点之后的，结果视为尚不知道，不在考察之列。热线表没有撤回、并单的标志，只有转录的投诉举报看得出。
WITH copies AS (
  SELECT order_of, min(least(first_contact_at, accept_decision_at, decision_told_at, mediated_at)) AS contact_at,
         bool_or(coalesce(regexp_like(result, '撤回|撤诉|撤销投诉|重复|合并|并案'), false)) AS is_settled_elsewhere
  FROM complaint_register
  WHERE is_copy
  GROUP BY order_of
),
graded AS (
  SELECT ref_id, min(coalesce(rated_at, end_of(rated_on) - INTERVAL '1 second')) AS rated_at
  FROM ratings
  WHERE ref_kind = 'hotline_order' AND NOT coalesce(is_automatic, false)
  GROUP BY ref_id
),
cities AS (
  SELECT unit_id, max(substr(region_code, 1, 4)) AS city FROM unit_spans GROUP BY unit_id
),
orders AS (
  SELECT o.unit_id, o.act_domain AS domain, o.record_id, o.source_file, o.source_line, o.kind, o.caller_hash, o.began_at, o.closed_at,
         o.resolved, o.satisfaction, o.callback_at, a.is_anonymous, coalesce(c.is_settled_elsewhere, false) AS is_settled_elsewhere,
         coalesce('内容 ' || o.content_hash, '地点 ' || o.category_code || ' ' || o.address_hash) AS matter,
         least(o.first_contact_at, o.answered_at, o.callback_at, c.contact_at, g.rated_at) AS contact_at, coalesce(p.city, '') AS city
  FROM hotline_register AS o
  JOIN hotline_callers AS a ON a.record_id = o.record_id
  LEFT JOIN copies AS c ON c.order_of = o.record_id
  LEFT JOIN graded AS g ON g.ref_id = o.record_id
  LEFT JOIN cities AS p ON p.unit_id = o.unit_id
  WHERE o.began_at < $as_of
),
answering AS (
  SELECT city, coalesce(bool_or(contact_at < $as_of), false) AS any_contact FROM orders GROUP BY city
),
-- Few callers ask one unit the same thing twice: only their orders are brought in an order.
repeated AS (
  SELECT unit_id, caller_hash, matter
  FROM orders
  WHERE caller_hash IS NOT NULL AND matter IS NOT NULL
  GROUP BY unit_id, caller_hash, matter
  HAVING count(*) > 1
),
beside AS (
  SELECT o.record_id,
         max(CASE WHEN o.contact_at < $as_of THEN o.contact_at END) OVER (PARTITION BY o.unit_id, o.caller_hash, o.matter ORDER BY o.began_at, o.record_id
           ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier_contact_at,
         min(CASE WHEN o.contact_at < $as_of THEN o.contact_at END) OVER (PARTITION BY o.unit_id, o.caller_hash, o.matter ORDER BY o.began_at, o.record_id
           ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS later_contact_at
  FROM repeated AS r
  JOIN orders AS o ON o.unit_id = r.unit_id AND o.caller_hash = r.caller_hash AND o.matter = r.matter
),
closed AS (
  SELECT o.*, b.earlier_contact_at, b.later_contact_at
  FROM beside AS b
  RIGHT JOIN orders AS o ON o.record_id = b.record_id
  WHERE o.closed_at >= $from AND o.closed_at < $as_of
    AND (coalesce(o.resolved, false) OR coalesce(o.satisfaction IN ('very_satisfied', 'satisfied', 'basically_satisfied'), false))
    AND coalesce(o.callback_at < $as_of, true)
    AND coalesce(o.kind, '') <> 'praise' AND NOT o.is_anonymous AND NOT o.is_settled_elsewhere
),
judged AS (
  SELECT c.*, a.any_contact, day_of(c.closed_at) AS closed_on,
         coalesce(c.contact_at < $as_of, false)
           OR coalesce(c.earlier_contact_at >= c.began_at, false)
           OR coalesce(day_of(c.later_contact_at) - day_of(c.closed_at) <= param('hotline.repeat_window_days', c.domain, day_of(c.closed_at)), false)
           AS is_contacted
  FROM answering AS a
  JOIN closed AS c ON c.city = a.city
)
SELECT unit_id, domain, 'hotline_orders' AS source_table, record_id, source_file, source_line, '未见联系' AS sign,
       CASE WHEN any_contact THEN NOT is_contacted END AS is_odd,
       concat('来电 ', CAST(day_of(began_at) AS VARCHAR), '，办结 ', CAST(closed_on AS VARCHAR), '，结果',
              CASE WHEN resolved THEN '已解决' WHEN NOT resolved THEN '未解决' ELSE '是否解决未填' END,
              CASE satisfaction WHEN 'very_satisfied' THEN '、非常满意' WHEN 'satisfied' THEN '、满意' WHEN 'basically_satisfied' THEN '、基本满意'
                                WHEN 'dissatisfied' THEN '、不满意' WHEN 'very_dissatisfied' THEN '、非常不满意' ELSE '' END,
              '；没有联系、答复、回访的记录') AS says
FROM judged
