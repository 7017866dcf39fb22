-- /// population
-- title = "案件办理期限的扣除区间（合并后）"
-- grain = "one case and one united spell of suspension"
-- ///
--
-- Days on which a case's clock stands still (hearing, testing, publication, appraisal …), overlaps united: a day under two
-- suspensions is one day, and a spell that begins the day after another ended continues it.
-- First and last day both count. A suspension without an end is cut at its legal maximum (parameters suspension.max.*);
-- one that is closed counts as recorded. Days up to the filing date and from the decision date on never count.
-- `days_before` = days of the case's earlier spells; whether a spell still counts depends on the clock: see case_excluded_days.
WITH bounded AS (
  SELECT s.case_id,
         greatest(s.from_date, c.opened_on + 1) AS first_day,
         least(coalesce(s.to_date,
                        s.from_date - 1 + CAST(CASE s.kind
                          WHEN 'hearing'       THEN param('suspension.max.hearing', c.domain, s.from_date)
                          WHEN 'testing'       THEN param('suspension.max.testing', c.domain, s.from_date)
                          WHEN 'publication'   THEN param('suspension.max.publication', c.domain, s.from_date)
                          WHEN 'appraisal'     THEN param('suspension.max.appraisal', c.domain, s.from_date)
                          WHEN 'pending_other' THEN param('suspension.max.pending_other', c.domain, s.from_date)
                          WHEN 'force_majeure' THEN param('suspension.max.force_majeure', c.domain, s.from_date)
                          WHEN 'party_missing' THEN param('suspension.max.party_missing', c.domain, s.from_date)
                          ELSE 0 END AS BIGINT)),
               coalesce(c.decided_on - 1, DATE '9999-12-31')) AS last_day
  FROM case_suspensions AS s
  JOIN case_register AS c ON c.case_id = s.case_id
),
marked AS (
  SELECT case_id, first_day, last_day,
         max(last_day) OVER (PARTITION BY case_id ORDER BY first_day, last_day
                             ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached
  FROM bounded
  WHERE first_day <= last_day
),
numbered AS (
  SELECT case_id, first_day, last_day,
         sum(CASE WHEN reached IS NULL OR first_day > reached + 1 THEN 1 ELSE 0 END)
           OVER (PARTITION BY case_id ORDER BY first_day, last_day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS spell
  FROM marked
),
united AS (
  SELECT case_id, min(first_day) AS spell_from, max(last_day) AS spell_to, max(last_day) - min(first_day) + 1 AS days
  FROM numbered
  GROUP BY case_id, spell
)
SELECT case_id, spell_from, spell_to, days,
       coalesce(sum(days) OVER (PARTITION BY case_id ORDER BY spell_from
                                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS days_before
FROM united
