-- /// finding
-- title      = "一人同时两地"
-- statistic  = "rule"
-- severity   = 4
-- pattern    = "同一执法人员在重叠的时间内出现在两处，或者两次检查之间的路程不可能在间隔时间内走完"
-- benign     = "数人共用一个账号，登记的不是实际到场的人；起止时间按半天、整天填写；检查结束后忘记点结束；人员编号登记有误"
-- look_at    = "两次检查的音像记录和扫码时间；检查笔录上的签名；账号登录记录；当日派车和考勤"
-- documented = "未见公开案例；检测规则目录 impossible_presence（时间重叠，或者定位点之间的速度大于每小时120公里）"
-- basis      = "行政处罚法 第42条（执法人员不得少于两人）；国办发〔2018〕118号（执法全过程记录）；检测规则目录 impossible_presence"
-- ///
--
-- 考察统计期内列明人员、起止时刻都有、当日开始当日结束的入企检查和听证，每件每种迹象一行。跨日的记录不能说明人员一直在场，没有起止时刻的无从判断，都不在内。
-- `时间重叠`：同一人员的另一件记录在另一处，并且后一件开始时，前一件的结束至少还在参数 `slack_minutes` 分钟之后（恰好等于的不算）。
--   一处：同一企业（信用代码，没有的依名称），同一经营地址，同一次综合查一次任务；都有经纬度的，与重叠的前后各件直线距离不超过参数 `same_place_km` 公里；
--   听证以单位的听证场所为一处。
-- `路程太远`：同一人员前后相接、时间不重叠的两件都有经纬度，直线距离超过以 `kmh` 公里的时速、在间隔时间加 `slack_minutes` 分钟之内能走的路程。
-- 因此同一次检查由两家单位各报一条、重复报送、一处市场内接连检查数家，都不算。
-- 先找出时间上有重叠的各组，再在组内分辨地点：某时刻以前已开始的件数减去已结束的件数，即为同时进行的件数，全部的减去同一处的，即为别处的。
-- 人员编号照录，姓名、坐标从不显示。
WITH acts AS (
  SELECT 'inspections' AS source_table, unit_id, act_domain AS domain, record_id, source_file, source_line, checked_on AS acted_on,
         checked_from AS from_at, checked_to AS to_at, officers, merged_visit_id, enterprise_code, coalesce(object_name, party_name) AS visited_name,
         address_operating AS address, TRY_CAST(trim(gps_lon) AS DOUBLE) AS east, TRY_CAST(trim(gps_lat) AS DOUBLE) AS north
  FROM inspection_register
  WHERE is_onsite AND day_of(checked_from) = day_of(checked_to - INTERVAL '1 second')
  UNION ALL
  SELECT 'case_stages', s.unit_id, coalesce(s.domain, c.domain, 'other'), concat(s.case_id, ' / ', s.stage, ' / ', CAST(s.ordinal AS VARCHAR)),
         s.source_file, s.source_line, day_of(s.started_at), s.started_at, s.finished_at, s.officers, NULL, NULL, concat('hearings of ', s.unit_id),
         NULL, NULL, NULL
  FROM case_stages AS s
  LEFT JOIN (SELECT case_id, min(domain) AS domain FROM case_register GROUP BY case_id) AS c ON c.case_id = s.case_id
  WHERE s.stage = 'hearing' AND day_of(s.started_at) = day_of(s.finished_at - INTERVAL '1 second')
),
present AS (
  SELECT source_table, unit_id, domain, record_id, source_file, source_line, acted_on, CAST(from_at AS BIGINT) AS began, CAST(to_at AS BIGINT) AS ended,
         merged_visit_id, enterprise_code, visited_name, address, unnest(array_distinct(officers)) AS officer,
         CASE WHEN east BETWEEN 73 AND 136 AND north BETWEEN 3 AND 54 THEN radians(east) END AS lon,
         CASE WHEN east BETWEEN 73 AND 136 AND north BETWEEN 3 AND 54 THEN radians(north) END AS lat,
         CAST(param('finding.impossible_presence.slack_minutes', domain, acted_on) AS DOUBLE) AS slack,
         CAST(param('finding.impossible_presence.kmh', domain, acted_on) AS DOUBLE) AS kmh,
         CAST(param('finding.impossible_presence.same_place_km', domain, acted_on) AS DOUBLE) AS near
  FROM acts
  WHERE to_at > from_at AND acted_on >= day_of($from) AND end_of(acted_on) <= $as_of
),
-- An officer's day in order: what was still going on, and what came next.
ordered AS (
  SELECT *, greatest(began, ended - CAST(slack * 60000000 AS BIGINT)) AS surely_until,
         max(ended) OVER (PARTITION BY officer ORDER BY began, ended DESC, record_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS busy_until,
         lag(ended) OVER w AS ended_before, lag(record_id) OVER w AS record_before, lag(lon) OVER w AS lon_before, lag(lat) OVER w AS lat_before
  FROM present
  WINDOW w AS (PARTITION BY officer ORDER BY began, ended DESC, record_id)
),
travelled AS (
  SELECT *, CASE WHEN busy_until > began THEN 0 ELSE 1 END AS begins,
         12742 * asin(sqrt(power(sin((lat - lat_before) / 2), 2) + cos(lat) * cos(lat_before) * power(sin((lon - lon_before) / 2), 2))) AS km,
         CAST(began - ended_before AS DOUBLE) / 60000000 AS gap
  FROM ordered
),
-- Acts that overlap one another, and those that were too far from the one before.
grouped AS (
  SELECT *, coalesce(km > kmh * (greatest(gap, 0) + slack) / 60 AND gap + slack >= 0, false) AS is_too_far,
         lead(begins) OVER w AS begins_after, lead(record_id) OVER w AS record_after, lead(km) OVER w AS km_after, lead(gap) OVER w AS gap_after,
         lead(coalesce(km > kmh * (greatest(gap, 0) + slack) / 60 AND gap + slack >= 0, false)) OVER w AS is_next_too_far,
         sum(begins) OVER (PARTITION BY officer ORDER BY began, ended DESC, record_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS spell
  FROM travelled
  WINDOW w AS (PARTITION BY officer ORDER BY began, ended DESC, record_id)
),
crowded AS (
  SELECT source_table, record_id, officer, spell, began, ended, surely_until, merged_visit_id, visited_name,
         coalesce(enterprise_code, min(enterprise_code) OVER (PARTITION BY officer, spell, visited_name), visited_name, record_id) AS target,
         address
  FROM grouped
  WHERE begins = 0 OR begins_after = 0
),
placed AS (
  SELECT *, coalesce(min(address) OVER (PARTITION BY officer, spell, target), target) AS named_place
  FROM crowded
),
joined AS (
  SELECT *, CASE WHEN merged_visit_id IS NULL THEN named_place ELSE min(named_place) OVER (PARTITION BY officer, spell, merged_visit_id) END AS visit_place
  FROM placed
),
located AS (
  SELECT *, min(visit_place) OVER (PARTITION BY officer, spell, named_place) AS place
  FROM joined
),
neighbours AS (
  SELECT *,
         lead(record_id) OVER o AS next_record, lead(place) OVER o AS next_place,
         lag(record_id) OVER o AS last_record, lag(place) OVER o AS last_place
  FROM located
  WINDOW o AS (PARTITION BY officer, spell ORDER BY began, ended DESC, record_id)
),
-- Begun before an act surely ended, less ended before it began: what goes on beside it. An end comes before a beginning at the same instant.
moments AS (
  SELECT source_table, record_id, officer, spell, place, began AS at, 1 AS is_start FROM neighbours
  UNION ALL
  SELECT source_table, record_id, officer, spell, place, surely_until, 0 FROM neighbours
),
counted AS (
  SELECT source_table, record_id, officer, spell, is_start,
         CASE WHEN is_start = 1 THEN -count(*) FILTER (WHERE is_start = 0) OVER (PARTITION BY officer, spell ORDER BY at, is_start)
              ELSE count(*) FILTER (WHERE is_start = 1) OVER (PARTITION BY officer, spell ORDER BY at, is_start) END AS everywhere,
         CASE WHEN is_start = 1 THEN -count(*) FILTER (WHERE is_start = 0) OVER (PARTITION BY officer, spell, place ORDER BY at, is_start)
              ELSE count(*) FILTER (WHERE is_start = 1) OVER (PARTITION BY officer, spell, place ORDER BY at, is_start) END AS here
  FROM moments
),
elsewhere AS (
  SELECT source_table, record_id, officer, sum(everywhere) - sum(here) AS acts_elsewhere
  FROM counted
  GROUP BY source_table, record_id, officer
),
judged AS (
  SELECT g.source_table, g.unit_id, g.domain, g.record_id, g.source_file, g.source_line, s.sign,
         CASE s.sign WHEN '时间重叠' THEN coalesce(e.acts_elsewhere > 0, false)
                                          AND NOT ((g.begins = 1 OR coalesce(g.km <= g.near, false))
                                                   AND (coalesce(g.begins_after, 1) = 1 OR coalesce(g.km_after <= g.near, false)))
                     WHEN '路程太远' THEN CASE WHEN coalesce(g.km, g.km_after) IS NOT NULL THEN g.is_too_far OR coalesce(g.is_next_too_far, false) END END AS is_odd,
         concat('执法人员 ', g.officer, ' ', CAST(g.acted_on AS VARCHAR), ' ',
                to_char(arrow_cast(g.began + 28800000000, 'Timestamp(Microsecond, None)'), '%H:%M'), ' 至 ',
                to_char(arrow_cast(g.ended + 28800000000, 'Timestamp(Microsecond, None)'), '%H:%M'), ' 在本件，',
                CASE s.sign
                  WHEN '时间重叠' THEN concat('同时在别处另有 ', CAST(e.acts_elsewhere AS VARCHAR), ' 件',
                                              CASE WHEN n.next_place <> n.place THEN concat('（如 ', n.next_record, '）')
                                                   WHEN n.last_place <> n.place THEN concat('（如 ', n.last_record, '）') ELSE '' END)
                  WHEN '路程太远' THEN concat_ws('；',
                    CASE WHEN g.is_too_far THEN concat('距前一件 ', g.record_before, ' 结束 ', CAST(CAST(round(g.gap) AS BIGINT) AS VARCHAR), ' 分钟，两地直线 ',
                                                       CAST(CAST(round(g.km) AS BIGINT) AS VARCHAR), ' 公里') END,
                    CASE WHEN g.is_next_too_far THEN concat('后一件 ', g.record_after, ' 在 ', CAST(CAST(round(g.gap_after) AS BIGINT) AS VARCHAR),
                                                            ' 分钟后开始，两地直线 ', CAST(CAST(round(g.km_after) AS BIGINT) AS VARCHAR), ' 公里') END) END) AS says,
         concat_ws(' ', g.officer, CAST(g.began AS VARCHAR), CAST(g.ended AS VARCHAR), CAST(round(coalesce(g.km, g.km_after)) AS VARCHAR)) AS times
  FROM (VALUES ('时间重叠'), ('路程太远')) AS s (sign)
  CROSS JOIN grouped AS g
  LEFT JOIN elsewhere AS e ON e.source_table = g.source_table AND e.record_id = g.record_id AND e.officer = g.officer
  LEFT JOIN neighbours AS n ON n.source_table = g.source_table AND n.record_id = g.record_id AND n.officer = g.officer
)
SELECT unit_id, domain, source_table, record_id, min(source_file) AS source_file, min(source_line) AS source_line, sign,
       bool_or(is_odd) AS is_odd, min(says) FILTER (WHERE is_odd) AS says, min(times) FILTER (WHERE is_odd) AS judged
FROM judged
GROUP BY unit_id, domain, source_table, record_id, sign
