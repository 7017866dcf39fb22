-- /// population
-- title = "交通运输领域的超限超载案件"
-- grain = "one case of transport about an overloaded vehicle that the source has not deleted"
-- [columns]
-- is_of_person = "当事人是自然人"
-- ///
--
-- 自报为超限超载的案件（`is_overload`），以及没有自报、但违法行为或者案件名称写明超限、超载的货运案件：标志不是退出的途径。
-- `found_on`：发现违法行为之日；没有记录的，为案件最早的日期。
-- `is_of_person`：当事人是自然人：没有信用代码，且类别为自然人，或者类别没有填写而当事人代码是居民身份证号码。都没有填写的，视为企业。
SELECT c.*, coalesce(day_of(c.found_at), c.opened_on) AS found_on,
       c.credit_code IS NULL
         AND coalesce(c.party_kind = 'person',
                      regexp_like(c.party_code, '^[1-8][0-9]{5}(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx]$'),
                      false) AS is_of_person
FROM case_register AS c
WHERE c.domain = 'transport'
  AND (coalesce(c.is_overload, false)
       OR coalesce(regexp_like(coalesce(c.violation_type, c.case_name), '超限|超载') AND NOT regexp_like(coalesce(c.violation_type, c.case_name), '客'), false))
