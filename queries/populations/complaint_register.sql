-- /// population
-- title = "投诉举报（认出转录的工单，判断是否匿名）"
-- grain = "one complaint or report that a department registered itself"
-- [columns]
-- order_of = "所转录的热线工单"
-- is_copy = "与热线工单是同一件"
-- is_anonymous = "匿名，也没有可以联系的途径"
-- ///
--
-- 各项投诉举报数据共同需要的各列。
-- `order_of`：所填的12345工单，须由同一单位、同一领域承办，并且投诉举报在工单产生的当时或者其后收到；其他的工单编号不作数：
-- 只凭一个编号，不能使投诉举报退出分母，也不能借用它的联系和办结。
-- `is_copy`：与工单是同一件：该工单的第一件投诉举报，并且在工单生成后参数 `complaint.copy_days` 的天数之内收到。同一工单的其他投诉举报另计。
-- `is_anonymous`：填报为匿名，也没有可以联系的途径：没有记录首次联系、告知是否立案或者调解；转录自工单的，工单同样匿名（见 `hotline_callers`）。
WITH linked AS (
  SELECT c.complaint_id, o.order_id AS order_of, o.is_anonymous,
         c.received_on - o.created_on <= param('complaint.copy_days', o.act_domain, o.created_on) AS is_soon,
         row_number() OVER (PARTITION BY o.order_id ORDER BY c.received_on, coalesce(c.received_at, end_of(c.received_on)), c.complaint_id) AS nth
  FROM complaints AS c
  JOIN hotline_callers AS o
    ON o.order_id = c.order_id AND o.unit_id = c.unit_id AND o.act_domain = coalesce(c.domain, 'other')
    AND o.created_on <= c.received_on AND coalesce(coalesce(o.called_at, o.created_at) <= c.received_at, true)
)
SELECT c.*, c.complaint_id AS record_id, coalesce(c.domain, 'other') AS act_domain, l.order_of, coalesce(l.is_copy, false) AS is_copy,
       coalesce(c.anonymous, false) AND coalesce(l.is_anonymous OR NOT l.is_copy, true)
         AND NOT coalesce(least(c.first_contact_at, c.decision_told_at, c.mediated_at) < $as_of, false) AS is_anonymous
FROM complaints AS c
LEFT JOIN (SELECT complaint_id, order_of, is_anonymous, nth = 1 AND is_soon AS is_copy FROM linked) AS l ON l.complaint_id = c.complaint_id
