-- /// population
-- title = "处罚决定及其作出以前应当履行的程序"
-- grain = "one penalty decided by the as-of date"
-- [excluded]
-- no_decision_date = "已予处罚而没有决定日期，程序是否先于决定无从判断"
-- [columns]
-- needs_prior_notice = "应当事先告知"
-- is_notified = "事先告知合规"
-- needs_hearing = "应当告知听证权利"
-- is_hearing_compliant = "听证环节合规"
-- needs_legal_review = "应当法制审核"
-- is_legally_reviewed = "决定前经法制审核"
-- needs_discussion = "应当集体讨论"
-- is_discussed = "决定前经集体讨论"
-- ///
--
-- 截至数据截止日作出的处罚决定（没有处理结果的，视为处罚），不论自报适用何种程序。`due_on`：决定之日，各项程序至迟在该日完成，故作出决定即到期。
-- 每项程序有一列“应当”，一列“合规”。应当与否由数额、种类和标志任一项认定：自报的标志只能使案件进入分母，不能使其退出。
-- `is_grave`：有降低资质等级、吊销许可证件、责令停产停业、责令关闭、限制从业的。
-- `needs_prior_notice`：不适用简易程序的；自报简易程序而罚款超过上限或者种类重于罚款的，本应适用普通程序，同样应当告知。
-- `is_notified`：告知书送达，且决定在陈述申辩期满（`prior_notice.statutory`）的当日或其后，或者决定以前有放弃陈述申辩的文书。
-- `needs_hearing`：自报、`is_grave`，或者罚款、没收数额达到 `hearing.*` 参数；组织依组织的数额，自然人、个体工商户〔待确认〕和类别不明的依自然人的数额。
-- `is_hearing_compliant`：只看本单位应做的。听证告知书已送达，且申请期满（`hearing_request.statutory`）的当日或其后才作决定，
--   或者当事人放弃，或者已举行听证；举行了听证的，通知在听证以前已满法定时间（`hearing_notice.statutory`），且主持人不是办案、调查人员。
--   主持人没有记录的，不能证明不是调查人员。当事人何时申请、是否逾期，数据中看不出，不评判。
-- `needs_legal_review`：自报、重大、复杂、应当告知听证权利、已听证，或者罚款达到 `legal_review.*` 参数。
-- `is_legally_reviewed`：法制审核在决定之日或以前完成，且没有记录为未通过。
-- `needs_discussion`：自报、重大、复杂、`is_grave`，或者罚款达到 `collective.*` 参数。
-- `is_discussed`：集体讨论在决定之日或以前进行，且表决人员有记录，其中没有办案、调查人员。
-- 金额只决定案件是否应当履行程序，从不决定是否合规。
WITH measured AS (
  SELECT c.unit_id, c.domain, c.record_id, c.source_file, c.source_line, c.decided_on, coalesce(c.decided_on, c.opened_on) AS due_on,
         c.hearing_required, c.legal_review_required, c.collective_required, c.major, c.complex, c.fine_amount, c.confiscated_amount,
         coalesce(c.procedure, 'ordinary') <> 'simple' OR NOT (c.within_simple_cap AND c.mild_kinds) AS needs_prior_notice,
         coalesce(array_has_any(c.penalty_kinds, make_array('licence_downgraded', 'licence_revoked', 'business_suspended', 'closure', 'banned_from_trade')),
                  false) AS is_grave,
         CASE WHEN c.party_kind = 'org' THEN param('hearing.fine_threshold.organisation', c.domain, coalesce(c.decided_on, c.opened_on))
              ELSE param('hearing.fine_threshold.person', c.domain, coalesce(c.decided_on, c.opened_on)) END AS hearing_fine,
         CASE WHEN c.party_kind = 'org' THEN param('hearing.confiscation_threshold.organisation', c.domain, coalesce(c.decided_on, c.opened_on))
              ELSE param('hearing.confiscation_threshold.person', c.domain, coalesce(c.decided_on, c.opened_on)) END AS hearing_confiscation,
         CASE WHEN c.party_kind = 'org' THEN param('legal_review.fine_threshold.organisation', c.domain, coalesce(c.decided_on, c.opened_on))
              ELSE param('legal_review.fine_threshold.person', c.domain, coalesce(c.decided_on, c.opened_on)) END AS review_fine,
         CASE WHEN c.party_kind = 'org' THEN param('collective.fine_threshold.organisation', c.domain, coalesce(c.decided_on, c.opened_on))
              ELSE param('collective.fine_threshold.person', c.domain, coalesce(c.decided_on, c.opened_on)) END AS discussion_fine,
         c.legal_review_passed, s.is_waived, s.is_heard, s.hearing_on, s.hearing_hosts, s.investigators, s.legal_reviewed_on, s.discussed_on, s.voters,
         s.notice_served_on, s.hearing_right_served_on, s.hearing_notified_on,
         due_on('prior_notice.statutory', c.domain, s.notice_served_on)          AS notice_over_on,
         due_on('hearing_request.statutory', c.domain, s.hearing_right_served_on) AS request_over_on,
         due_on('hearing_notice.statutory', c.domain, s.hearing_notified_on)     AS hearing_from_on,
         CASE WHEN c.decided_on IS NULL THEN 'no_decision_date' END AS excluded_because
  FROM case_register AS c
  JOIN case_steps AS s ON s.case_id = c.case_id
  WHERE coalesce(c.ended_as, 'penalty') = 'penalty' AND end_of(c.opened_on) <= $as_of
    AND coalesce(end_of(c.decided_on) <= $as_of, c.ended_as = 'penalty', false)
),
needed AS (
  SELECT *, coalesce(hearing_required, false) OR is_grave OR coalesce(fine_amount >= hearing_fine, false)
              OR coalesce(confiscated_amount >= hearing_confiscation, false) AS needs_hearing
  FROM measured
)
SELECT unit_id, domain, record_id, source_file, source_line, decided_on, due_on, notice_served_on, hearing_right_served_on, hearing_notified_on,
       hearing_on, legal_reviewed_on, discussed_on, needs_prior_notice, hearing_required, needs_hearing,
       needs_hearing OR is_heard OR coalesce(legal_review_required, false) OR coalesce(major, false) OR coalesce(complex, false)
         OR coalesce(fine_amount >= review_fine, false) AS needs_legal_review,
       is_grave OR coalesce(collective_required, false) OR coalesce(major, false) OR coalesce(complex, false)
         OR coalesce(fine_amount >= discussion_fine, false) AS needs_discussion,
       coalesce(decided_on >= notice_over_on OR (is_waived AND notice_served_on IS NOT NULL), false) AS is_notified,
       coalesce(hearing_right_served_on IS NOT NULL AND (decided_on >= request_over_on OR is_waived OR is_heard)
                AND (NOT is_heard OR (hearing_on >= hearing_from_on AND cardinality(hearing_hosts) > 0 AND cardinality(investigators) > 0
                                      AND NOT array_has_any(hearing_hosts, investigators))), false) AS is_hearing_compliant,
       coalesce(legal_reviewed_on <= decided_on AND legal_review_passed IS DISTINCT FROM false, false) AS is_legally_reviewed,
       coalesce(discussed_on <= decided_on AND cardinality(voters) > 0 AND cardinality(investigators) > 0
                AND NOT array_has_any(voters, investigators), false) AS is_discussed,
       excluded_because, CASE WHEN excluded_because IS NOT NULL THEN 'excluded' ELSE 'due' END AS state
FROM needed
