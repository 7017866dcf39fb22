-- /// population
-- title = "行政检查（去除来源已删除的行）"
-- grain = "one inspection that the source has not deleted"
-- [columns]
-- enterprise_code = "企业的统一社会信用代码"
-- ///
--
-- 各项数据可以计入的检查，以及数个口径共同需要的各列：
-- `act_domain`：行为的领域；来源没有填写的，为其他（other）。
-- `enterprise_code`：检查对象的统一社会信用代码，取 `credit_code`，或者具有企业代码形式（以91、92、93开头）的 `party_code`。
-- `is_of_person`：检查对象是自然人，不是企业：没有企业代码，且行政相对人性质为自然人；性质没有填写的，`party_code` 为居民身份证号码。
-- 没有填写代码、也没有表明是自然人的，视为企业：代码缺漏不使检查退出分母。
-- `began_at`：检查开始的时刻；没有记录时刻的，为当日最后一秒。
-- `is_onsite`：入企检查；没有填写检查形式的，视为入企。
-- 来源自行标记为已删除的行，不进入任何口径。
SELECT i.*, i.inspection_id AS record_id,
       coalesce(i.domain, 'other') AS act_domain,
       coalesce(i.credit_code, CASE WHEN length(i.party_code) = 18 AND substr(i.party_code, 1, 2) IN ('91', '92', '93')
                                    THEN i.party_code END) AS enterprise_code,
       i.credit_code IS NULL
         AND NOT coalesce(length(i.party_code) = 18 AND substr(i.party_code, 1, 2) IN ('91', '92', '93'), false)
         AND coalesce(i.party_kind = 'person',
                      regexp_like(i.party_code, '^[1-8][0-9]{5}(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx]$'),
                      false) AS is_of_person,
       coalesce(i.checked_from, end_of(i.checked_on) - INTERVAL '1 second') AS began_at,
       coalesce(i.form, 'onsite') = 'onsite' AS is_onsite
FROM inspections AS i
WHERE i.source_operation IS DISTINCT FROM 'delete'
