-- /// indicator
-- title = "屡罚提请关闭落实率"
-- better = "higher"
-- shown_as = "percent"
-- domains = ["emergency"]
-- tiers = ["province", "city"]
-- basis = "安全生产法第113条第一项（存在重大事故隐患，180日内三次或者一年内四次受到处罚的，提请予以关闭）；本系统补充"
-- ///
--
-- 存在重大事故隐患、处罚次数达到法定次数的企业中，自达到之日起10个工作日内（或者此前一年内）已提请关闭的比例。
-- 只看应当提请的有没有提请，处罚次数多少本身不计分。最后一日提请视为及时；期限已过仍未提请的，计入分母、不计入分子。
-- 是否关闭由政府决定，不在其内。两侧均剔除并另列：没有重大事故隐患的企业，已注销、吊销或者停业的企业。
SELECT unit_id, domain, month_of(due_on) AS month,
       count(*) FILTER (WHERE state = 'due' AND proposed_on <= due_on) AS numerator,
       count(*) FILTER (WHERE state = 'due')                           AS denominator,
       count(*) FILTER (WHERE state = 'pending')                       AS pending,
       count(*) FILTER (WHERE state = 'excluded')                      AS excluded
FROM repeatedly_penalised_firms
GROUP BY 1, 2, 3
