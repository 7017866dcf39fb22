-- /// finding
-- title      = "线索搁置"
-- statistic  = "share"
-- severity   = 3
-- pattern    = "线索长期没有任何处理、也没有开始核查，或者集中在期限将满的最后几日不予立案，多于同类"
-- benign     = "有文书的延长、检测鉴定；等待鉴定结论；核查已做而没有录入；同一线索重复登记；举报人补充材料后才能核查；人手所限，均在期满前集中审批"
-- look_at    = "线索登记簿与核查记录；不予立案审批表的日期和理由；是否有检测、鉴定委托；举报人是否得到答复"
-- documented = "未见公开案例；检测规则目录 lead_parking"
-- basis      = "市场监督管理行政处罚程序规定 第18、20条；检测规则目录 lead_parking"
-- tail       = "upper"
-- minimum_n  = 20
-- floor      = 0.10
-- says       = "考察的 {n} 条线索中，{odd} 条（{share}）属“{sign}”；同类通常 {usual}。"
-- ///
-- 考察的记录：应在法定期限内决定是否立案的线索（`leads_to_decide`），每种迹象各有自己的范围。
--
-- “搁置未查”：期限的最后一日再过参数 `finding.lead_parking.days` 的天数，该日在统计期内的线索。到该日仍没有立案、不予立案、移送（含只有移送登记的），
--   也没有开始核查的，列出；此后补办的不改变。期限中已加检测、鉴定等天数和按期批准的延长，故等待鉴定、有延长文书的，期限未满不在考察之列；
--   已经开始核查的，不论多久，是办得慢，不是搁置。有决定而没有决定时间的，不作判断。
-- “临期不予立案”：统计期内的不予立案决定。在期限最后参数 `finding.lead_parking.last_workdays` 个工作日之内（含最后一日）作出的，列出。
--   有检测、鉴定等天数或者批准过延长的，不作判断；逾期才决定的，不算临期。只比较占比：人人都在期满前审批的，是习惯。
-- 同一日收到的几条多半一并转来，同一日不予立案的几条多半一并审批，一日的几条不当作几次（`occasion`），至少须有三个这样的日期。
WITH handed_on AS (
  SELECT lead_id, min(transferred_on) AS handed_on
  FROM lead_transfers
  WHERE lead_id IS NOT NULL AND end_of(transferred_on) <= $as_of
  GROUP BY lead_id
),
watched AS (
  SELECT d.unit_id, d.domain, d.record_id, d.source_file, d.source_line, d.received_on, d.due_on, d.decision, d.decided_on, d.extended_on,
         coalesce(l.suspended_days, 0) > 0 AS is_tested,
         l.decision IS NOT NULL AND l.decision_at IS NULL AND d.answered_on IS NULL AS is_undated,
         day_of(l.checked_at) AS checked_on,
         least(d.answered_on, d.decided_on, h.handed_on) AS ended_on,
         d.due_on + CAST(param('finding.lead_parking.days', d.domain, d.received_on) AS INT) AS ripe_on
  FROM leads_to_decide AS d
  JOIN leads AS l ON l.lead_id = d.record_id
  LEFT JOIN handed_on AS h ON h.lead_id = d.record_id
)
SELECT unit_id, domain, 'leads' AS source_table, record_id, source_file, source_line, '搁置未查' AS sign,
       CASE WHEN NOT is_undated THEN NOT coalesce(ended_on <= ripe_on, false) AND NOT coalesce(checked_on <= ripe_on, false) END AS is_odd,
       received_on AS happened_on, received_on AS occasion,
       concat('收到 ', CAST(received_on AS VARCHAR), '，期限 ', CAST(due_on AS VARCHAR), '，至 ', CAST(ripe_on AS VARCHAR),
              ' 没有开始核查，也没有处理') AS says
FROM watched
WHERE ripe_on >= day_of($from) AND end_of(ripe_on) <= $as_of
UNION ALL
SELECT unit_id, domain, 'leads', record_id, source_file, source_line, '临期不予立案',
       CASE WHEN NOT is_tested AND extended_on IS NULL
            THEN decided_on <= due_on
                 AND workdays_between(decided_on, due_on) < param('finding.lead_parking.last_workdays', domain, received_on) END,
       decided_on, decided_on AS occasion,
       concat('收到 ', CAST(received_on AS VARCHAR), '，期限 ', CAST(due_on AS VARCHAR), '，', CAST(decided_on AS VARCHAR), ' 不予立案，距期满 ',
              CAST(workdays_between(decided_on, due_on) AS VARCHAR), ' 个工作日')
FROM watched
WHERE decision = 'not_file' AND decided_on >= day_of($from) AND end_of(decided_on) <= $as_of
