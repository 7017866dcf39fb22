-- /// finding
-- title      = "执法对象偏于一方"
-- statistic  = "share"
-- severity   = 3
-- pattern    = "检查集中于少数企业而名单上的其他对象从未去过，或者对外地当事人罚款而对同样情形的本地当事人多不罚款，多于同类"
-- benign     = "依风险确定的检查（高风险、高危行业企业，发现问题后的跟进）；投诉举报、交办、复查等有因检查；随机抽取；外地当事人属于多次违法、本地当事人属于首次违法"
-- look_at    = "检查计划和对象名单，未去的对象的说明；反复检查的企业由谁、因何选定；外地与本地案件的情节、免罚理由和审批"
-- documented = "浙江某市2023年7月至10月，文化旅游部门为提高上级考核的执法指数，对同几家网吧、旅馆和一处博物馆反复检查（司法部通报，检测规则目录所列公开案例）"
-- basis      = "行政处罚法 第5条（公正）；优化营商环境条例 第54条；国办发〔2024〕54号；检测规则目录 selective_targets"
-- tail       = "upper"
-- domains    = "together"
-- minimum_n  = 12
-- floor      = 0.05
-- says       = "考察的 {n} 条记录中，{odd} 条（{share}）属“{sign}”；同类通常 {usual}。"
-- ///
-- 考察的记录：三种迹象，各有自己的范围。一个单位各领域的记录合并判断：对象由单位选定，几个领域各去几次，也是反复。
--
-- “反复检查”：统计期内由本单位自行选定对象的入企检查（因计划或者没有填写事由启动，对象为企业且代码已知）。随机抽取的（双随机）不是选定，不计；
--   投诉举报、交办、非现场预警、媒体、复查、申请、许可、突发、监督等有因检查不计。
--   本期内对同一企业的第几次，多于参数 `finding.selective_targets.visits`，或者距上一个自行选定的检查日不超过参数 `…again_within_days` 日（同一日的几条是一次），列出。
--   依风险的不算：企业当日的风险等级为C、D，或者属于高危行业的，只看距上一次不超过参数 `…again_within_days_at_risk` 日的；
--   本单位在该企业的前一次检查查出过问题的（跟进）：更早的问题，不是反复再查的理由，复查另有事由。
--   本单位同一领域本期有已过期限的检查名单、名单上的对象都去过的，不算集中于少数。没有名单的，照样看。
-- “频密检查”：同样的记录，只列参数 `…frequent_within_days` 日内对同一企业自行选定的第三次起（依风险的，第四次起）。第二次或许碰巧，
--   同类也有；第三次就少见，所以记录不多的、只有几个月突击的也看得出。不再按月份分段各看一次：多一种迹象，就多一次校正，得不偿失。
-- “外地罚本地免”：统计期内已决定的外地当事人案件（自报，没有的以统一社会信用代码的登记地与单位是否在同一设区市为准），
--   本单位同一事项、同一档次的本地案件不少于参数 `finding.selective_targets.local_cases` 件的。当事人被罚款，而这些本地案件罚款的不多于参数
--   `finding.selective_targets.local_fined` 的比例，列出。只看罚与不罚，不看罚多少。没有事项、档次的，移送、撤销、违法事实不成立的，无从比较，不计。
-- 同一日的几次检查、几件决定，多半出于同一次安排，一日的几次不当作几次（`occasion`），至少须有三个这样的日期。
WITH visits AS (
  SELECT i.unit_id, i.act_domain AS domain, i.record_id, i.source_file, i.source_line, i.enterprise_code, i.checked_on, i.began_at,
         coalesce(i.trigger_kind, 'plan') = 'plan' AND coalesce(i.kind, '') NOT IN ('random_single', 'random_joint') AND i.recheck_of IS NULL AS is_chosen,
         coalesce(i.result IN ('problem', 'corrected', 'case'), false) AS has_problem
  FROM inspection_register AS i
  WHERE i.is_onsite AND i.enterprise_code IS NOT NULL AND i.checked_on >= day_of($from) AND end_of(i.checked_on) <= $as_of
),
by_day AS (
  SELECT *, row_number() OVER (PARTITION BY unit_id, domain, enterprise_code, checked_on, is_chosen ORDER BY began_at, record_id) = 1 AS is_first_of_day
  FROM visits
),
in_turn AS (
  SELECT *,
         lag(checked_on, 2) OVER (PARTITION BY unit_id, domain, enterprise_code, is_chosen AND is_first_of_day ORDER BY checked_on) AS second_last_on,
         lag(checked_on, 3) OVER (PARTITION BY unit_id, domain, enterprise_code, is_chosen AND is_first_of_day ORDER BY checked_on) AS third_last_on,
         sum(CASE WHEN is_chosen THEN 1 ELSE 0 END) OVER (PARTITION BY unit_id, domain, enterprise_code ORDER BY began_at, record_id
                                                          ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS turn,
         max(CASE WHEN is_chosen THEN checked_on END) OVER (PARTITION BY unit_id, domain, enterprise_code ORDER BY checked_on
                                                            RANGE BETWEEN UNBOUNDED PRECEDING AND INTERVAL '1' DAY PRECEDING) AS chosen_before_on,
         coalesce(max(CASE WHEN has_problem THEN 1 ELSE 0 END) OVER (PARTITION BY unit_id, domain, enterprise_code ORDER BY began_at, record_id
                                                            ROWS BETWEEN 1 PRECEDING AND 1 PRECEDING), 0) = 1 AS follows_problem
  FROM by_day
),
listed AS (
  SELECT DISTINCT p.unit_id, p.act_domain AS domain, p.target
  FROM (SELECT unit_id, coalesce(domain, 'other') AS act_domain, unnest(targets) AS target
        FROM inspection_plans
        WHERE cardinality(targets) > 0 AND coalesce(kind, '') <> 'joint_action' AND due >= day_of($from) AND end_of(due) <= $as_of) AS p
),
coverage AS (
  SELECT l.unit_id, l.domain, count(*) FILTER (WHERE v.enterprise_code IS NULL) AS unvisited
  FROM listed AS l
  LEFT JOIN (SELECT DISTINCT unit_id, enterprise_code FROM visits) AS v ON v.unit_id = l.unit_id AND v.enterprise_code = l.target
  GROUP BY l.unit_id, l.domain
),
repeated AS (
  SELECT v.unit_id, v.domain, v.record_id, v.source_file, v.source_line, v.checked_on,
         NOT v.follows_problem AND coalesce(u.unvisited > 0, true) AND v.is_first_of_day
           AND coalesce(v.checked_on - CASE WHEN coalesce(e.risk_class IN ('C', 'D') OR e.high_hazard, false) THEN v.third_last_on ELSE v.second_last_on END
                        <= param('finding.selective_targets.frequent_within_days', v.domain, v.checked_on), false) AS is_frequent,
         NOT v.follows_problem AND coalesce(u.unvisited > 0, true)
           AND CASE WHEN coalesce(e.risk_class IN ('C', 'D') OR e.high_hazard, false)
                    THEN coalesce(v.checked_on - v.chosen_before_on <= param('finding.selective_targets.again_within_days_at_risk', v.domain, v.checked_on), false)
                    ELSE v.turn > param('finding.selective_targets.visits', v.domain, v.checked_on)
                      OR coalesce(v.checked_on - v.chosen_before_on <= param('finding.selective_targets.again_within_days', v.domain, v.checked_on), false) END AS is_odd,
         concat(CAST(v.checked_on AS VARCHAR), ' 检查，为本期对该企业自行选定的第 ', CAST(v.turn AS VARCHAR), ' 次',
                CASE WHEN v.chosen_before_on IS NOT NULL THEN concat('，距上一次 ', CAST(v.checked_on - v.chosen_before_on AS VARCHAR), ' 日') ELSE '' END,
                CASE WHEN u.unvisited > 0 THEN concat('；同一领域检查名单上另有 ', CAST(u.unvisited AS VARCHAR), ' 家逾期从未去过') ELSE '' END) AS says
  FROM in_turn AS v
  LEFT JOIN coverage AS u ON u.unit_id = v.unit_id AND u.domain = v.domain
  LEFT JOIN enterprise_spans AS e ON e.credit_code = v.enterprise_code AND v.checked_on BETWEEN e.valid_from AND e.valid_to
  WHERE v.is_chosen
),
places AS (
  SELECT c.unit_id, c.domain, c.record_id, c.source_file, c.source_line, c.item_code, c.severity, c.decided_on,
         coalesce(c.is_out_of_area,
                  CASE WHEN regexp_like(c.credit_code, '^[0-9A-Z]{2}[0-9]{6}[0-9A-Z]{10}$')
                       THEN substr(c.credit_code, 3, 4) <> substr(coalesce(u.region_code, c.region_code), 1, 4) END) AS is_from_elsewhere,
         coalesce(c.ended_as, 'penalty') = 'penalty' AND (coalesce(c.fine_amount > 0, false) OR coalesce(array_has(c.penalty_kinds, 'fine'), false)) AS is_fined
  FROM case_register AS c
  LEFT JOIN unit_spans AS u ON u.unit_id = c.unit_id AND c.decided_on BETWEEN u.valid_from AND u.valid_to
  WHERE c.decided_on >= day_of($from) AND end_of(c.decided_on) <= $as_of AND coalesce(c.ended_as, 'penalty') IN ('penalty', 'no_penalty', 'guided')
    AND c.item_code IS NOT NULL AND c.severity IS NOT NULL
),
like_cases AS (
  SELECT *, count(*) FILTER (WHERE NOT is_from_elsewhere) OVER w AS local_cases,
         count(*) FILTER (WHERE NOT is_from_elsewhere AND is_fined) OVER w AS local_fined
  FROM places
  WINDOW w AS (PARTITION BY unit_id, domain, item_code, severity)
)
SELECT v.unit_id, v.domain, 'inspections' AS source_table, v.record_id, v.source_file, v.source_line,
       w.sign, CASE WHEN w.sign = '频密检查' THEN v.is_frequent ELSE v.is_odd END AS is_odd, v.checked_on AS happened_on, v.checked_on AS occasion, v.says,
       CAST(v.checked_on AS VARCHAR) AS judged
FROM (VALUES ('反复检查'), ('频密检查')) AS w (sign)
CROSS JOIN repeated AS v
UNION ALL
SELECT unit_id, domain, 'cases', record_id, source_file, source_line, '外地罚本地免',
       is_fined AND local_fined <= local_cases * param('finding.selective_targets.local_fined', domain, decided_on),
       decided_on, decided_on AS occasion,
       concat(CAST(decided_on AS VARCHAR), ' 对外地当事人罚款；同一事项、同一档次的本地案件 ', CAST(local_cases AS VARCHAR), ' 件中，罚款 ',
              CAST(local_fined AS VARCHAR), ' 件'),
       CAST(decided_on AS VARCHAR)
FROM like_cases
WHERE is_from_elsewhere AND local_cases >= param('finding.selective_targets.local_cases', domain, decided_on)
