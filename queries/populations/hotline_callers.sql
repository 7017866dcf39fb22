-- /// population
-- title = "12345热线工单（判断是否匿名）"
-- grain = "one 12345 order"
-- [columns]
-- is_anonymous = "匿名，也没有可以联系的途径"
-- ///
--
-- 全部12345工单，以及来电人能否联系到。
-- `is_anonymous`：填报为匿名，也没有可以联系的途径：没有来电人散列，也没有记录首次联系。
SELECT o.*, o.order_id AS record_id, coalesce(o.domain, 'other') AS act_domain,
       coalesce(o.anonymous, false) AND o.caller_hash IS NULL AND NOT coalesce(o.first_contact_at < $as_of, false) AS is_anonymous
FROM hotline_orders AS o
