//! What readers are shown: words instead of names, events with their documents, tables from which every result can be checked again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::province::{Province, finished_sample, finished_small, night_without_transfers};

/// Every page below a folder of the current run's report, with its text.
fn pages(province: &Province, tree: &str) -> Vec<(String, String)> {
    let mut open: Vec<PathBuf> = vec![province.path(&format!("runs/{}/report/{tree}", province.current_run()))];
    let mut pages = Vec::new();
    while let Some(folder) = open.pop() {
        for path in fs::read_dir(folder).expect("a folder of pages").flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "html") {
                pages.push((path.display().to_string(), fs::read_to_string(&path).expect("a page is text")));
            }
        }
    }
    pages
}

/// Names of columns or codes in a text: small letters on both sides of an underscore. A word with a dot or a slash is an indicator's id, a
/// file or a folder.
fn names_in(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_./-*".contains(c);
    let is_name = |word: &str| {
        let letters: Vec<char> = word.chars().collect();
        let joined = |three: &[char]| three[0].is_ascii_lowercase() && three[1] == '_' && three[2].is_ascii_lowercase();
        !word.contains(['.', '/']) && letters.windows(3).any(joined)
    };
    text.split(|c: char| !is_part(c)).filter(|word| is_name(word)).map(str::to_owned).collect()
}

/// The cells of a page under a heading.
fn cells<'a>(page: &'a str, heading: &str) -> Vec<&'a str> {
    let opening = format!("data-label=\"{heading}\">");
    page.split(opening.as_str()).skip(1).filter_map(|rest| rest.split("</td>").next()).collect()
}

#[test]
fn records_on_pages_are_told_in_words_and_not_in_names_of_columns() {
    let (province, _) = finished_sample();
    let mut seen = 0;
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for tree in ["office", "units"] {
        for (path, page) in pages(province, tree) {
            for cell in cells(&page, "情况").into_iter().chain(cells(&page, "记录编号")) {
                seen += 1;
                names.extend(names_in(cell).into_iter().map(|name| (name, path.clone())));
            }
        }
    }
    assert!(seen > 1_000, "only {seen} cells were looked at");
    assert!(names.is_empty(), "{names:?}");
}

/// Agencies of the samples have the names of real ones.
#[test]
fn every_page_of_the_samples_says_that_they_are_invented() {
    let (province, _) = finished_sample();
    let mut seen = 0;
    for tree in ["office", "units", "public"] {
        for (path, page) in pages(province, tree) {
            let head = page.split_once("</header>").map_or("", |(head, _)| head);
            assert!(head.contains("示例数据：单位、案件、人员与得分均为虚构，与现实中的同名机构无关</p>"), "{path}");
            seen += 1;
        }
    }
    assert!(seen > 60, "only {seen} pages were looked at");
}

#[test]
fn an_explanation_speaks_of_columns_codes_and_reasons_in_words() {
    let (province, _) = finished_sample();
    let withheld = province.one("select unit_id from ranks where withheld = 'too_few_cases' order by unit_id limit 1");
    let mut asked = vec![vec![withheld]];
    for id in
        ["procedure.document_standard_rate", "market.filing_within_7d", "law.review_correction_rate", "penalty.flexible_enforcement_rate"]
    {
        let unit = province.one(&format!("select unit_id from \"values\" where indicator = '{id}' and excluded + denominator > 0 limit 1"));
        asked.push(vec![unit, id.to_owned()]);
    }
    for unit_and_indicator in asked {
        let mut command = vec!["explain"];
        command.extend(unit_and_indicator.iter().map(String::as_str));
        let text = province.kaohe(&command).with(0).out;
        // The definition names its columns in backticks, as its file does.
        let outside: String = text.split('`').step_by(2).collect();
        let names = names_in(&outside);
        assert!(names.is_empty(), "{unit_and_indicator:?}: {names:?}\n{text}");
    }
}

#[test]
fn bonus_deduction_and_veto_stand_on_the_units_page_with_their_documents_and_in_the_score_lines() {
    let province = finished_small();
    let events = province.sql(
        "select l.unit_id, l.domain, l.kind, l.earned, l.document, r.total, r.tree_total + r.bonus - r.deduction, r.grade, r.score_grade
         from score_lines l join ranks r using (unit_id, domain) where event_id is not null order by l.kind",
    );
    let kinds: BTreeSet<&str> = events.iter().map(|row| row[2].as_str()).collect();
    assert_eq!(kinds, BTreeSet::from(["bonus", "deduction", "veto"]), "the simulated province has one of each");
    let public = &pages(province, "public")[0].1;
    for row in &events {
        let pages = pages(province, "units");
        // Identifiers of small letters and digits name their folder; capitals have a mark before them.
        let own: Vec<_> =
            pages.iter().filter(|(path, _)| path.replace('~', "").contains(&format!("/{}/", row[0].to_lowercase()))).collect();
        assert_eq!(own.len(), 1, "{}", row[0]);
        assert!(own[0].1.contains(&row[4]), "{} does not name {}", own[0].0, row[4]);
        assert_eq!(pages.iter().filter(|(_, page)| page.contains(&row[4])).count(), 1, "another unit's page names {}", row[4]);
        assert!(!public.contains(&row[4]) && !public.contains("一票否决"), "the public page tells more than the grade");
        let cents = |text: &str| (text.parse::<f64>().expect("a total") * 100.0).round();
        assert_eq!(cents(&row[5]), cents(&row[6]), "{row:?}");
        if row[2] == "veto" {
            assert!(["合格", "不合格"].contains(&row[7].as_str()), "{row:?}");
            let text = province.kaohe(&["explain", &row[0]]).with(0).out;
            assert!(text.contains("一票否决") && text.contains(&row[4]), "{text}");
        }
    }
}

#[test]
fn the_score_lines_add_up_to_every_total_and_names_the_classes_without_anything_to_score() {
    let (province, _) = finished_sample();
    let wrong = province.sql(
        "select unit_id, domain, total, sum(earned) from score_lines join ranks using (unit_id, domain) where adds_up
         group by unit_id, domain, total having sum(earned) <> total",
    );
    assert!(wrong.is_empty(), "{wrong:?}");
    let lines = province.one("select count(*) from (select distinct unit_id, domain from score_lines)");
    assert_eq!(lines, province.one("select count(*) from ranks where total is not null"));
    let empty = province.sql("select distinct unit_id from score_lines where kind = 'empty_class'");
    // In the samples every class has something to score; what a class without anything looks like, scoring and the report's fixture try.
    let said: BTreeSet<String> =
        pages(province, "units").into_iter().filter(|(_, page)| page.contains("按方案规定计80分")).map(|(path, _)| path).collect();
    assert_eq!(said.len(), empty.len());
}

#[test]
fn whether_a_unit_is_ranked_can_be_checked_from_the_rank_table() {
    let (province, _) = finished_sample();
    let rows = province.sql(
        "select r.unit_id, r.withheld, r.solid_share >= 0.5, r.half_width <= 15, r.rank is null, g.members
         from ranks r join (select peer_group, count(*) as members from ranks group by 1) g using (peer_group)",
    );
    for row in rows {
        let (solid, narrow, large) = (row[2] == "true", row[3] == "true", row[5].parse::<u32>().expect("a count") >= 3);
        let expected: &[&str] = match (solid, narrow, large) {
            (false, ..) => &["too_few_cases"],
            (true, false, _) => &["interval_too_wide"],
            (true, true, false) => &["peer_group_too_small"],
            (true, true, true) => &["", "too_few_ranked"],
        };
        assert!(expected.contains(&row[1].as_str()), "{row:?}");
        assert_eq!(row[4] == "true", !row[1].is_empty(), "{row:?}");
    }
    assert_eq!(
        province.one("select count(*) from \"values\" v join ranks r using (unit_id, domain) where v.too_few and r.rank is not null and v.status = 'scored' and v.score is null"),
        "0",
        "an indicator with a small sample is scored"
    );
}

#[test]
fn every_scorecard_row_says_what_fixed_it() {
    let (province, _) = finished_sample();
    let open = province
        .sql("select distinct indicator from scorecards where definition_hash = '' or clock_versions = '' or lake_versions = '' or scheme_hash = ''");
    assert!(open.is_empty(), "{open:?}");
    let manifest = province.text(&format!("runs/{}/manifest.json", province.current_run()));
    let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("manifest.json is JSON");
    assert_eq!(Some(province.one("select distinct scheme_hash from scorecards").as_str()), manifest["scheme"][1].as_str());
}

#[test]
fn the_reconciliation_table_is_what_the_consistency_rate_counts() {
    let (province, _) = finished_sample();
    let rows = province.sql(
        "select v.unit_id, v.domain, v.numerator, v.denominator, v.excluded,
                coalesce(sum(records) filter (where outcome = 'matched'), 0),
                coalesce(sum(records) filter (where outcome in ('matched', 'differing', 'missing_on_platform', 'missing_in_system')), 0)
         from \"values\" v join units u using (unit_id) left join reconciliation r on r.unit_id = v.unit_id and r.domain = v.domain
         where v.indicator = 'data.consistency_rate' and u.tier in ('county', 'township') and v.denominator > 0 group by 1, 2, 3, 4, 5",
    );
    assert!(rows.len() > 20, "{}", rows.len());
    let whole = |text: &str| text.parse::<f64>().expect("a count");
    for row in &rows {
        assert_eq!((whole(&row[2]), whole(&row[3])), (whole(&row[5]), whole(&row[6])), "{row:?}");
    }
    let outcomes: BTreeSet<String> = province.sql("select distinct outcome from reconciliation").into_iter().flatten().collect();
    for outcome in ["matched", "differing", "missing_on_platform"] {
        assert!(outcomes.contains(outcome), "{outcomes:?}");
    }
}

/// The rows of a table on a page, each as its cells by heading; the row's own heading stands under "".
fn rows_of(table: &str) -> Vec<BTreeMap<&str, String>> {
    let text = |piece: &str| piece.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect::<String>();
    let body = table.split("<tbody>").nth(1).and_then(|rest| rest.split("</tbody>").next()).expect("a table has a body");
    let cells = |row| -> BTreeMap<&str, String> {
        let row: &str = row;
        let heading = row.split("<th").nth(1).and_then(|rest| rest.split_once('>')).map(|(_, rest)| rest);
        let heading = heading.and_then(|rest| rest.split("</th>").next()).map(|rest| ("", text(rest)));
        let cell = |rest| -> (&str, String) {
            let rest: &str = rest;
            let (label, rest) = rest.split_once("\">").expect("a heading ends");
            (label, text(rest.split("</td>").next().unwrap_or_default()))
        };
        heading.into_iter().chain(row.split("data-label=\"").skip(1).map(cell)).collect()
    };
    body.split("<tr").skip(1).map(cells).collect()
}

#[test]
fn the_reconciliation_page_says_what_its_table_counts() {
    let (province, _) = finished_sample();
    let pages = pages(province, "office");
    let page = &pages.iter().find(|(path, _)| Path::new(path).ends_with("reconciliation.html")).expect("the page").1;
    let shown = rows_of(page.split("<table").nth(1).expect("the table of counts"));
    let counted = province.sql(
        "select coalesce(u.unit_name, r.unit_id), r.matched, r.differing, r.on_platform, r.in_system, r.in_transit, r.excluded
         from (select unit_id, sum(records) filter (where outcome = 'matched') as matched, sum(records) filter (where outcome = 'differing') as differing,
                      sum(records) filter (where outcome = 'missing_on_platform') as on_platform,
                      sum(records) filter (where outcome = 'missing_in_system') as in_system,
                      sum(records) filter (where outcome = 'in_transit') as in_transit, sum(records) filter (where outcome = 'excluded') as excluded
               from reconciliation group by unit_id) r left join units u using (unit_id)",
    );
    assert!(counted.len() > 20 && shown.len() == counted.len() + 1, "{} rows of {} units", shown.len(), counted.len());
    let whole = |text: &str| text.replace(',', "").parse::<u64>().unwrap_or(0);
    let headings = ["相符", "不同", "平台缺失", "系统缺失", "在途", "剔除"];
    for unit in &counted {
        let row = shown.iter().find(|row| row[""] == unit[0]).unwrap_or_else(|| panic!("{} is not on the page", unit[0]));
        for (heading, count) in headings.iter().zip(&unit[1..]) {
            assert_eq!(whole(&row[heading]), whole(count), "{heading} of {}", unit[0]);
        }
        let by_field = row["不同的项"].split('、').filter_map(|field| field.rsplit_once(' ')).map(|(_, count)| whole(count)).sum::<u64>();
        assert_eq!(by_field, whole(&unit[2]), "{}", unit[0]);
    }
}

#[test]
fn the_rows_that_do_not_agree_add_up_to_the_counts_and_name_their_lines() {
    let (province, _) = finished_sample();
    let apart = province.sql(
        "select * from (select unit_id, domain, source_table, outcome, field, records from reconciliation
                        where outcome not in ('matched', 'excluded')) c
         full join (select unit_id, domain, source_table, outcome, field, count(*) as listed from reconciliation_rows group by 1, 2, 3, 4, 5) r
           on r.unit_id = c.unit_id and r.domain = c.domain and r.source_table = c.source_table and r.outcome = c.outcome and r.field = c.field
         where records is distinct from listed",
    );
    assert!(apart.is_empty(), "{apart:?}");
    assert!(province.one("select count(*) from reconciliation_rows").parse::<u32>().expect("a count") > 100);
    let misplaced = province.sql(
        "select record_id from reconciliation_rows where (source_line is null) <> (difference = 'missing_in_system')
            or (platform_line is null) <> (difference = 'missing_on_platform') or (field = 'party_code' and own_value is not null)
            or (field in ('date', 'fine', 'outcome') and own_value is not distinct from platform_value)",
    );
    assert!(misplaced.is_empty(), "{misplaced:?}");
}

#[test]
fn the_rows_on_a_units_page_are_its_own() {
    let (province, _) = finished_sample();
    let rows = province.sql("select unit_id, record_id from reconciliation_rows where outcome <> 'in_transit' order by due_on, record_id");
    let section =
        |page: &str| page.split("id=\"reconciliation\"").nth(1).and_then(|rest| rest.split("</section>").next()).map(str::to_owned);
    let mut seen = 0;
    for (path, page) in pages(province, "units") {
        let Some(section) = section(&page) else { continue };
        for cell in cells(&section, "记录编号") {
            let of = rows.iter().filter(|row| row[1] == cell).map(|row| row[0].to_lowercase()).collect::<Vec<_>>();
            assert!(of.is_empty() || of.iter().any(|unit| path.replace('~', "").contains(&format!("/{unit}/"))), "{path} shows {cell}");
            seen += usize::from(!of.is_empty());
        }
    }
    assert!(seen > 50, "only {seen} records were looked at");
    let public = &pages(province, "public")[0].1;
    assert!(!rows.iter().any(|row| public.contains(&row[1])) && !public.contains("比对"));
}

#[test]
fn what_was_tracked_day_by_day_is_what_the_reconciliation_compared() {
    let (province, _) = finished_sample();
    let apart = province.sql(
        "select * from (select unit_id, domain, sum(claimed) as claimed, sum(confirmed) as confirmed from verification
                        where way = 'daily_tracking' group by 1, 2) v
         full join (select unit_id, domain, sum(records) as claimed, coalesce(sum(records) filter (where outcome = 'matched'), 0) as confirmed
                    from reconciliation where outcome in ('matched', 'differing', 'missing_on_platform') group by 1, 2) r
           on r.unit_id = v.unit_id and r.domain = v.domain
         where (v.claimed is distinct from r.claimed) or (v.confirmed is distinct from r.confirmed)",
    );
    assert!(apart.is_empty(), "{apart:?}");
    let ways: BTreeSet<String> = province.sql("select distinct way from verification").into_iter().flatten().collect();
    assert_eq!(ways.len(), 4, "{ways:?}");
    let pages = pages(province, "office");
    let page = &pages.iter().find(|(path, _)| Path::new(path).ends_with("verification.html")).expect("the page").1;
    let objects = province.one("select count(*) from (select distinct unit_id, domain from verification)");
    assert_eq!(page.matches("日常跟踪</th>").count().to_string(), objects);
}

#[test]
fn the_quality_page_says_in_chinese_why_something_is_held() {
    let province = night_without_transfers();
    let pages = pages(province, "office");
    let page = &pages.iter().find(|(path, _)| Path::new(path).ends_with("quality.html")).expect("the page").1;
    let section = page.split("id=\"held\"").nth(1).and_then(|rest| rest.split("</section>").next()).expect("the section");
    assert!(section.contains("没有收到文件") && section.contains("所依据的源表沿用上次数据："), "{section}");
    // The program's own words stand folded away behind them.
    let shown: String = section.split("<details>").map(|part| part.rsplit("</details>").next().unwrap_or("")).collect();
    assert!(!shown.contains("no file") && !shown.contains("is held"), "{shown}");
    for (path, page) in self::pages(province, "units").into_iter().chain(self::pages(province, "public")) {
        assert!(!page.contains("is held") && !page.contains("no file matches"), "{path}");
    }
}
