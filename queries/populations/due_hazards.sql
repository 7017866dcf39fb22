-- /// population
-- title = "应在期限内整改闭环的事故隐患"
-- grain = "one hazard found by the as-of date"
-- [columns]
-- is_major = "重大隐患"
-- has_deadline = "规定了整改期限"
-- is_extended = "期限经过延期"
-- is_closed_in_time = "期限内整改并经他人验收"
-- days_overdue = "超期天数"
-- ///
--
-- `due_on`：整改期限；批准过延期的，为第一次延期后的期限：再次延期不再推后，早于原期限的延期不提前。`original_due_on`：原期限。
-- 批准延期的日期数据中没有，期限届满以后才补的延期看不出来；`is_extended` 供对照。
-- `verified_on`：验收通过之日。整改责任单位（或隐患所在企业）自己验收的，没有记录由谁验收的，验收早于发现或者早于整改完成的，都不是验收。
-- `is_closed_in_time`：期限最后一日或之前验收通过；只整改、没有验收的，不算闭环。
-- `is_major`：重大隐患；挂牌督办的一律是重大隐患；没有填写等级的，按重大隐患对待，等级缺漏不使隐患退出重大隐患的分母。
-- `days_overdue`：期限之后到验收通过（没有验收的，到数据截止日）的天数；没有超期的为0。
-- 没有整改期限（也没有延期后的期限）的，应当立即排除（安全生产法第65条），以发现之日为期限：不填期限不能使隐患退出分母；
-- 期限早于发现之日的，同样以发现之日为期限。`has_deadline`：规定了不早于发现之日的期限。没有剔除项。
SELECT h.*,
       coalesce(verified_on <= due_on, false) AS is_closed_in_time,
       CASE WHEN end_of(due_on) <= $as_of
            THEN greatest(coalesce(verified_on, day_of($as_of - INTERVAL '1 second')) - due_on, 0) END AS days_overdue,
       CAST(NULL AS VARCHAR) AS excluded_because,
       CASE WHEN end_of(due_on) <= $as_of THEN 'due' ELSE 'pending' END AS state
FROM (
  SELECT unit_id, coalesce(domain, 'other') AS domain, hazard_id AS record_id, source_file, source_line, level, credit_code,
         inspection_id, found_on, due_on AS original_due_on,
         greatest(due_on, extended_to, found_on) AS due_on,
         coalesce(greatest(due_on, extended_to) >= found_on, false) AS has_deadline,
         coalesce(extended_to > due_on, false) AS is_extended,
         coalesce(level = 'major', true) OR coalesce(supervised, false) AS is_major,
         CASE WHEN end_of(closed_on) <= $as_of THEN closed_on END AS closed_on,
         CASE WHEN end_of(rechecked_on) <= $as_of THEN rechecked_on END AS rechecked_on,
         CASE WHEN end_of(verified_on) <= $as_of AND verified_on >= found_on
                AND coalesce(closed_on <= verified_on, true)
                AND coalesce(verified_by, verifier_kind) IS NOT NULL
                AND coalesce(verifier_kind, '') <> 'enterprise'
                AND NOT coalesce(verified_by = responsible, false)
                AND NOT coalesce(verified_by = credit_code, false)
              THEN verified_on END AS verified_on,
         verifier_kind
  FROM hazards
  WHERE end_of(found_on) <= $as_of
) AS h
