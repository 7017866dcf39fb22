-- /// population
-- title = "民生设施维护类执法诉求"
-- grain = "one 12345 order about enforcement and a street lamp, manhole, rubbish collection or the like"
-- ///
--
-- `enforcement_orders` 中城市管理领域、民生设施维护类（见 `hotline_register`）的各行，到期、剔除与计入的月份不变。
-- `is_graded_satisfied`：来电人评价“满意”或“非常满意”。
SELECT unit_id, domain, record_id, source_file, source_line, counted_on, satisfaction, is_graded_satisfied, state, excluded_because
FROM enforcement_orders
WHERE domain = 'urban' AND is_about_livelihood
