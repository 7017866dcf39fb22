-- /// population
-- title = "应抄告运输企业和货运源头的超限超载处罚（一超四罚）"
-- grain = "one overload penalty of transport, decided by the as-of date"
-- [excluded]
-- natural_person = "当事人是自然人，没有运输企业可以抄告"
-- [columns]
-- is_copied_and_answered = "两方抄告并均有答复"
-- ///
--
-- 截至数据截止日已作出处罚决定的超限超载案件，不论程序。`due_on`：抄告时限（`overload_copy.target`）的最后一日，自决定之日起算。
-- `is_copied_and_answered`：就运输企业（`operator`）和货运源头（`shipper`）各有一件抄告已经发出，且在期限内收到处理结果的反馈；
-- 接收、退回不是反馈。车辆和驾驶人由本案或者公安机关处理，不要求抄告。
-- 当事人是自然人的（见 `overload_register`），予以剔除：没有所属运输企业可以抄告；没有填写类别和代码的，照样计入。
WITH copies AS (
  SELECT case_id, min(CASE WHEN concerns = 'operator' THEN fed_back_on END) AS operator_answered_on,
         min(CASE WHEN concerns = 'shipper' THEN fed_back_on END) AS shipper_answered_on
  FROM (
    SELECT case_id, concerns, day_of(fed_back_at) AS fed_back_on
    FROM lead_transfers
    WHERE kind = 'copied' AND coalesce(transferred_on, day_of(transferred_at)) IS NOT NULL AND fed_back_at < $as_of
  ) AS c
  GROUP BY case_id
),
penalties AS (
  SELECT unit_id, domain, record_id, source_file, source_line, decided_on,
         due_on('overload_copy.target', domain, decided_on) AS due_on,
         CASE WHEN is_of_person THEN 'natural_person' END AS excluded_because
  FROM overload_register
  WHERE ended_as = 'penalty' AND end_of(decided_on) <= $as_of
)
SELECT p.*, c.operator_answered_on, c.shipper_answered_on,
       coalesce(c.operator_answered_on <= p.due_on AND c.shipper_answered_on <= p.due_on, false) AS is_copied_and_answered,
       CASE WHEN p.excluded_because IS NOT NULL THEN 'excluded'
            WHEN end_of(p.due_on) <= $as_of THEN 'due'
            ELSE 'pending' END AS state
FROM penalties AS p
LEFT JOIN copies AS c ON c.case_id = p.record_id
