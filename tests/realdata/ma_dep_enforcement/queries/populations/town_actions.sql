-- /// population
-- title = "涉及某城镇的执法行动"
-- grain = "one enforcement action in one town that it names"
-- [columns]
-- by_consent = "以协议令结案"
-- with_project = "附带环境项目"
-- ///
--
-- Every action once for each town that it names, with what was agreed in it:
--   by_consent    the parties agreed on a consent order
--   with_project  the violator undertakes a supplemental environmental project
-- Both come from flags that a search for words set, so they are sometimes wrong. Actions that name no town are not here.
SELECT t.unit_id, c.domain, c.case_id AS record_id, c.source_file, c.source_line, c.decided_on,
       strpos(concat(';', c.punish_content, ';'), ';order_consent order;') > 0 AS by_consent,
       strpos(concat(';', c.punish_content, ';'), ';order_ supplemental environmental project;') > 0 AS with_project
FROM action_towns AS t
JOIN cases AS c ON c.case_id = t.case_id
