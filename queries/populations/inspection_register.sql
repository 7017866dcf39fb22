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
-- `began_at`：检查开始的时刻；没有记录时刻的，为当日最后一秒。
-- `is_onsite`：入企检查；没有填写检查形式的，视为入企。
-- 来源自行标记为已删除的行，不进入任何口径。
SELECT i.*, i.inspection_id AS record_id,
       coalesce(i.domain, 'other') AS act_domain,
       coalesce(i.credit_code, CASE WHEN length(i.party_code) = 18 AND substr(i.party_code, 1, 2) IN ('91', '92', '93')
                                    THEN i.party_code END) AS enterprise_code,
       coalesce(i.checked_from, end_of(i.checked_on) - INTERVAL '1 second') AS began_at,
       coalesce(i.form, 'onsite') = 'onsite' AS is_onsite
FROM inspections AS i
WHERE i.source_operation IS DISTINCT FROM 'delete'
