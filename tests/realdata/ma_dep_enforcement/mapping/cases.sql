-- One action = one case.
--
-- case_id: the file has none. Date, both ends of the text and its length make one that only exact copies share (a hash would do the
-- same with fewer letters); a third row that shared it would be seen as a third duplicate.
-- Date is m/d/yy. It is turned around without being judged: 0/6/05, 22/28/07 and 4/31/17 become dates that do not exist, 2/3/2017
-- is left as it is, and loading quarantines all four.
-- source_batch: the Year of the page that lists the action; it is not always the year of Date.
-- punish_content: the names of the flags that are True.
SELECT concat("Date", '|', left("Text", 24), '|', right("Text", 16), '|', CAST(length("Text") AS varchar)) AS case_id,
       'MADEP' AS unit_id,
       'eco' AS domain,
       regexp_replace("Date", '^(\d{1,2})/(\d{1,2})/(\d{2})$', '20\3-\1-\2') AS opened_on,
       regexp_replace("Date", '^(\d{1,2})/(\d{1,2})/(\d{2})$', '20\3-\1-\2') AS decided_on,
       "Year" AS source_batch,
       "Text" AS illegal_fact,
       "Fine" AS fine_amount,
       concat_ws(';',
           CASE WHEN "order_consent order" = 'True' THEN 'order_consent order' END,
           CASE WHEN "order_unilateral order" = 'True' THEN 'order_unilateral order' END,
           CASE WHEN "order_demand" = 'True' THEN 'order_demand' END,
           CASE WHEN "order_demand notice" = 'True' THEN 'order_demand notice' END,
           CASE WHEN "order_agreement" = 'True' THEN 'order_agreement' END,
           CASE WHEN "order_notice of noncompliance" = 'True' THEN 'order_notice of noncompliance' END,
           CASE WHEN "order_boil water order" = 'True' THEN 'order_boil water order' END,
           CASE WHEN "order_settlement agreement" = 'True' THEN 'order_settlement agreement' END,
           CASE WHEN "order_amendment" = 'True' THEN 'order_amendment' END,
           CASE WHEN "order_penalty assessment notice" = 'True' THEN 'order_penalty assessment notice' END,
           CASE WHEN "order_civil administrative penalty" = 'True' THEN 'order_civil administrative penalty' END,
           CASE WHEN "order_labels" = 'True' THEN 'order_labels' END,
           CASE WHEN "order_water supply" = 'True' THEN 'order_water supply' END,
           CASE WHEN "order_attorney general" = 'True' THEN 'order_attorney general' END,
           CASE WHEN "order_water" = 'True' THEN 'order_water' END,
           CASE WHEN "order_hazardous waste" = 'True' THEN 'order_hazardous waste' END,
           CASE WHEN "order_sewer" = 'True' THEN 'order_sewer' END,
           CASE WHEN "order_civil penalty" = 'True' THEN 'order_civil penalty' END,
           CASE WHEN "order_ supplemental environmental project" = 'True' THEN 'order_ supplemental environmental project' END,
           CASE WHEN "order_gasoline" = 'True' THEN 'order_gasoline' END,
           CASE WHEN "order_asbestos" = 'True' THEN 'order_asbestos' END,
           CASE WHEN "order_wetlands" = 'True' THEN 'order_wetlands' END,
           CASE WHEN "order_stormwater" = 'True' THEN 'order_stormwater' END,
           CASE WHEN "law_npdes" = 'True' THEN 'law_npdes' END,
           CASE WHEN "law_chapter 91" = 'True' THEN 'law_chapter 91' END) AS punish_content,
       source_line
FROM source
