-- /// finding
-- title      = "联合巡查记录不符"
-- statistic  = "rule"
-- severity   = 3
-- pattern    = "联合巡查只在一方有记录，时间太短，或者各方所记的日期、时间对不上，影像与别次巡查相同"
-- benign     = "跨省的另一方系统不在本省，看不到；另一方没有对接、补录在后；一方中途加入或者先行离开；路口交接一类的行动本就短暂"
-- look_at    = "缺记录一方的派车、考勤和本方系统；巡查的影像和定位；双方对当日行动的说明"
-- documented = "未见公开案例；检测规则目录 paper_patrol（一方系统中没有；同一照片；短于10分钟）"
-- basis      = "浙江省综合行政执法条例 第13条（相邻地区联合执法）；检测规则目录 paper_patrol"
-- ///
--
-- 考察统计期内的联合巡查，每次每种迹象一行，归组织单位；参加单位的记录见 `joint_patrol_participants`，本方系统记录编号或者起止时间有其一的，同样视为本方有记录。
-- `一方无记录`：边界巡查（见 `border_patrols`）有一方地区没有任何单位留有本方记录；其他联合行动，留有本方记录的单位不足两个。
--   跨省边界看不到另一方的系统，不看此项；巡查日起记录录入时限（`data_entry.target`）未满的，也不看，等待补录。
--   没有任何参加单位的记录报来的，边界巡查一方所在的市没有任何参加单位的记录报来的，是来源不提供，不看此项。
-- `时间太短`：组织单位或者任一参加单位所记的起止时间短于参数 `minutes`（恰好满的不算）；没有起止时间的，不看此项。
-- `记录不合`：参加单位所记的日期与组织单位不同（跨过零时的巡查，记为结束之日的不算），或者各方所记的开始时间相差多于参数 `hours_apart`。
-- `影像重复`：影像编号也出现在另一次巡查中。
WITH patrols AS (
  SELECT patrol_id, organiser_unit, coalesce(domain, 'other') AS domain, patrolled_on, source_file, source_line, media_ids,
         CASE WHEN to_at >= from_at THEN CAST(from_at AS BIGINT) END AS began, CASE WHEN to_at >= from_at THEN CAST(to_at AS BIGINT) END AS ended,
         CASE WHEN to_at >= from_at THEN greatest(patrolled_on, day_of(to_at)) ELSE patrolled_on END AS last_day,
         end_of(due_on('data_entry.target', coalesce(domain, 'other'), patrolled_on)) <= $as_of AS is_entered
  FROM joint_patrols
  WHERE patrolled_on >= day_of($from) AND end_of(patrolled_on) <= $as_of
),
parts AS (
  SELECT p.patrol_id, p.unit_id, coalesce(substr(p.region_code, 1, 6), substr(u.region_code, 1, 6)) AS region, p.patrolled_on,
         CAST(p.recorded_from_at AS BIGINT) AS began,
         CASE WHEN p.recorded_to_at >= p.recorded_from_at THEN CAST(p.recorded_to_at AS BIGINT) END AS ended,
         coalesce(p.recorded_own_system, false) OR p.own_record_no IS NOT NULL OR p.recorded_from_at IS NOT NULL AS is_recorded
  FROM joint_patrol_participants AS p
  LEFT JOIN unit_spans AS u ON u.unit_id = p.unit_id AND p.patrolled_on BETWEEN u.valid_from AND u.valid_to
  WHERE coalesce(p.created_at < $as_of, true)
),
taken AS (
  SELECT j.patrol_id, count(DISTINCT p.unit_id) FILTER (WHERE p.is_recorded) AS units_recorded,
         bool_or(p.is_recorded AND p.region = b.region_a) AS recorded_by_a, bool_or(p.is_recorded AND p.region = b.region_b) AS recorded_by_b,
         min(b.region_a) AS region_a, min(b.region_b) AS region_b,
         bool_or(b.excluded_because IS NOT NULL) AS is_cross_province,
         min(p.ended - p.began) AS shortest, max(p.began) - min(p.began) AS apart, min(p.patrolled_on) AS first_on, max(p.patrolled_on) AS last_on
  FROM patrols AS j
  LEFT JOIN border_patrols AS b ON b.record_id = j.patrol_id
  LEFT JOIN parts AS p ON p.patrol_id = j.patrol_id
  GROUP BY j.patrol_id
),
-- Cities whose systems report who took part.
providing AS (
  SELECT DISTINCT substr(region, 1, 4) AS city FROM parts WHERE region IS NOT NULL
),
media AS (
  SELECT patrol_id, unnest(array_distinct(media_ids)) AS media_id FROM joint_patrols WHERE end_of(patrolled_on) <= $as_of
),
reused AS (
  SELECT m.patrol_id, count(*) AS media_reused
  FROM media AS m
  JOIN (SELECT media_id FROM media GROUP BY media_id HAVING count(*) > 1) AS d ON d.media_id = m.media_id
  GROUP BY m.patrol_id
),
judged AS (
  SELECT j.organiser_unit, j.domain, j.patrol_id, j.patrolled_on, j.source_file, j.source_line, s.sign,
         CASE s.sign
           WHEN '一方无记录' THEN CASE WHEN j.is_entered AND NOT t.is_cross_province AND o.any_record
             THEN CASE WHEN t.region_a IS NULL OR t.region_b IS NULL THEN t.units_recorded < 2
                       WHEN a.city IS NOT NULL AND b.city IS NOT NULL THEN NOT coalesce(t.recorded_by_a AND t.recorded_by_b, false) END END
           WHEN '时间太短' THEN least(j.ended - j.began, t.shortest)
             < 60000000 * CAST(param('finding.paper_patrol.minutes', j.domain, j.patrolled_on) AS BIGINT)
           WHEN '记录不合' THEN coalesce(t.first_on < j.patrolled_on OR t.last_on > j.last_day, false)
             OR coalesce(t.apart > 3600000000 * CAST(param('finding.paper_patrol.hours_apart', j.domain, j.patrolled_on) AS BIGINT), false)
           WHEN '影像重复' THEN CASE WHEN cardinality(j.media_ids) > 0 THEN coalesce(r.media_reused, 0) > 0 END END AS is_odd,
         CASE s.sign
           WHEN '一方无记录' THEN CASE WHEN t.region_a IS NULL OR t.region_b IS NULL THEN '留有本方记录的单位不足两个'
                                       WHEN NOT coalesce(t.recorded_by_a OR t.recorded_by_b, false) THEN '双方系统中都没有记录'
                                       ELSE concat('区划 ', CASE WHEN t.recorded_by_a THEN t.region_b ELSE t.region_a END, ' 一方的系统中没有记录') END
           WHEN '时间太短' THEN concat('所记时长只有 ', CAST(least(j.ended - j.began, t.shortest) / 60000000 AS VARCHAR), ' 分钟')
           WHEN '记录不合' THEN CASE WHEN t.first_on < j.patrolled_on THEN concat('参加单位记为 ', CAST(t.first_on AS VARCHAR))
                                     WHEN t.last_on > j.last_day THEN concat('参加单位记为 ', CAST(t.last_on AS VARCHAR))
                                     ELSE concat('各方所记的开始时间相差 ', CAST(t.apart / 60000000 AS VARCHAR), ' 分钟') END
           WHEN '影像重复' THEN concat(CAST(r.media_reused AS VARCHAR), ' 份影像也用于别次巡查') END AS oddity
  FROM (VALUES ('一方无记录'), ('时间太短'), ('记录不合'), ('影像重复')) AS s (sign)
  CROSS JOIN (SELECT count(*) > 0 AS any_record FROM parts) AS o
  CROSS JOIN patrols AS j
  JOIN taken AS t ON t.patrol_id = j.patrol_id
  LEFT JOIN reused AS r ON r.patrol_id = j.patrol_id
  LEFT JOIN providing AS a ON a.city = substr(t.region_a, 1, 4)
  LEFT JOIN providing AS b ON b.city = substr(t.region_b, 1, 4)
)
SELECT organiser_unit AS unit_id, domain, 'joint_patrols' AS source_table, patrol_id AS record_id, source_file, source_line, sign, is_odd,
       concat(CAST(patrolled_on AS VARCHAR), ' 的联合巡查，', oddity) AS says
FROM judged
