-- /// finding
-- title      = "检查发现问题偏少"
-- statistic  = "share"
-- severity   = 2
-- pattern    = "入企检查几乎都未发现问题，而同类单位通常会发现"
-- benign     = "被检查的大多是风险低、管理好的企业；整改后的复查、应企业申请的检查本就多无问题；当场口头指出的小问题没有记录"
-- look_at    = "抽取若干未发现问题的检查，看检查笔录、检查要点和音像记录；同一企业此后被别的单位查出的问题"
-- documented = "国内未见公开案例；美国食品检查：突击检查比预先知道的多发现8%至31%的问题，预约的视频检查少发现41%至53%（检测规则目录 Anticipation）"
-- basis      = "国办发〔2024〕54号（严格规范涉企行政检查）；检测规则目录 zero_finding"
-- tail       = "lower"
-- minimum_n  = 30
-- floor      = 0.10
-- rows_stand_alone = "每次检查各对一个对象，有无问题分别认定"
-- says       = "在 {n} 次入企检查中，发现问题的只有 {odd} 次（{share}）；同类通常 {usual}。"
-- ///
--
-- 考察统计期内有结果的入企检查，一次一行。`is_odd`：发现了问题（结果为发现问题、当场改正或者立案，或者问题个数大于零），太少才是疑点。
-- 不在内：没有入企的；结果和问题个数都没有填写的；检查当日企业风险等级为A级的（本就少有问题）；
-- 复查（`recheck_of` 或者启动原因为复查），应企业申请的，许可核查：目的不是发现新问题；
-- 有因检查，因投诉举报、非现场预警、媒体、突发事件、交办启动的：问题在检查以前已经知道。风险等级不明的企业照样在内。
SELECT i.unit_id, i.act_domain AS domain, 'inspections' AS source_table, i.record_id, i.source_file, i.source_line, '发现问题' AS sign,
       coalesce(i.result IN ('problem', 'corrected', 'case'), false) OR coalesce(i.problems > 0, false) AS is_odd,
       i.checked_on AS happened_on,
       concat(CAST(i.checked_on AS VARCHAR), ' 的入企检查', CASE WHEN e.risk_class IS NOT NULL THEN concat('（企业风险等级 ', e.risk_class, '）') ELSE '' END,
              CASE WHEN i.problems > 0 THEN concat('，发现问题 ', CAST(i.problems AS VARCHAR), ' 个')
                   WHEN i.result IN ('problem', 'corrected', 'case') THEN '，发现了问题' ELSE '，未发现问题' END) AS says
FROM inspection_register AS i
LEFT JOIN enterprise_spans AS e ON e.credit_code = i.enterprise_code AND i.checked_on BETWEEN e.valid_from AND e.valid_to
WHERE i.is_onsite AND i.checked_on >= day_of($from) AND end_of(i.checked_on) <= $as_of
  AND (i.result IS NOT NULL OR i.problems IS NOT NULL)
  AND coalesce(e.risk_class <> 'A', true)
  AND i.recheck_of IS NULL AND coalesce(i.kind <> 'cause', true)
  AND coalesce(i.trigger_kind NOT IN ('recheck', 'request', 'licence', 'complaint', 'offsite_alert', 'media', 'emergency', 'assigned'), true)
