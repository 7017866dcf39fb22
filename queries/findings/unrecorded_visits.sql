-- /// finding
-- title      = "有到访无检查记录"
-- statistic  = "share"
-- severity   = 3
-- pattern    = "样本企业自报的检查次数多于系统的登记，这样的企业明显多于别的县"
-- benign     = "企业记忆有误，把上季的、走访服务和其他部门的上门也算在内；检查记录没有填写信用代码，对不上；登记在后"
-- look_at    = "企业所留的检查单、签到和扫码记录；企业自报的检查日期；当地各执法主体当日的派车和考勤"
-- documented = "未见公开案例；检测规则目录 unrecorded_visits（企业自报次数与系统登记次数之比）"
-- basis      = "国办发〔2024〕54号（入企检查须备案、扫码，如实记录）；检测规则目录 unrecorded_visits"
-- tail       = "upper"
-- minimum_n  = 20
-- floor      = 0.15
-- says       = "在 {n} 份企业季度回答中，{odd} 份（{share}）自报的检查次数多于系统的登记；同类通常 {usual}。"
-- ///
--
-- 考察统计期内已结束的季度，样本企业的回答，一家一季度一行（见 `panel_recorded_visits`，只取县一级）。
-- `is_odd`：自报次数比登记次数至少多参数 `extra` 次。没有回答次数、没有信用代码、没有区划的，不在内。同一日一并进行的检查，登记算一次。
-- 企业不知道也不说是哪个单位来的，负担数据因此不归任何单位（考核方案 regional.burden 为 none）。疑点须有单位牵头核查，暂归该县负责综合执法
-- （城市管理领域）的单位，没有的归该县编码最小的单位；领域记为其他。这只是牵头核查，不表示未登记的检查由该单位实施。
-- 同一企业的记忆，各季相同，几季的回答不当作几次（`occasion`），至少须有三家这样的企业。
WITH places AS (
  SELECT unit_id, substr(region_code, 1, 6) AS place, coalesce(array_has(domain_list, 'urban'), false) AS coordinates
  FROM unit_spans
  WHERE tier = 'county' AND day_of($as_of - INTERVAL '1 second') BETWEEN valid_from AND valid_to
),
leaders AS (
  SELECT place, coalesce(min(unit_id) FILTER (WHERE coordinates), min(unit_id)) AS unit_id
  FROM places
  GROUP BY place
)
SELECT l.unit_id, 'other' AS domain, 'enterprise_burden_samples' AS source_table, v.record_id, v.source_file, v.source_line, '自报多于登记' AS sign,
       v.visits_reported - v.visits_recorded >= param('finding.unrecorded_visits.extra', 'other', v.due_on) AS is_odd,
       v.due_on AS happened_on, s.credit_code AS occasion,
       concat('至 ', CAST(v.due_on AS VARCHAR), ' 的一季，企业自报接受检查 ', CAST(v.visits_reported AS VARCHAR), ' 次，系统登记 ',
              CAST(v.visits_recorded AS VARCHAR), ' 次') AS says
FROM panel_recorded_visits AS v
JOIN leaders AS l ON l.place = v.region_code
LEFT JOIN enterprise_burden_samples AS s ON s.sample_id || ' / ' || s.quarter = v.record_id
WHERE v.state = 'due' AND v.due_on >= day_of($from) AND end_of(v.due_on) <= $as_of
