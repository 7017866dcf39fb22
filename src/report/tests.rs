//! What the pages promise, on the fixture's thirty units.

use std::collections::BTreeMap;

use calamine::Reader;
use rust_decimal::Decimal;

use super::fixture::{HOSTILE, province};
use super::names::file_name;
use super::sheets::SheetFiles;
use super::view::Facts;
use super::{ReportInput, guard, numbers, tables, texts, trees, write};
use crate::compute::measures::Measures;
use crate::explain::packed::ListedRecord;
use crate::library::indicator::{Better, ShownAs};
use crate::scoring::tables::{Rank, Unit};
use crate::terms::UnitId;

fn pages(input: &ReportInput) -> BTreeMap<String, String> {
    let mut facts = Facts::of(input);
    facts.sheets = tables::tables(input).expect("the fixture's tables").iter().map(SheetFiles::of).collect();
    let pages = trees::each_page(&facts, 2, |page| Ok((page.path, page.html)));
    pages.expect("the fixture renders").into_iter().collect()
}

/// The words of a page, one line a piece of text; attributes and the stylesheet left out.
fn words(html: &str) -> String {
    let body = html.split_once("<body").map_or("", |(_, body)| body);
    body.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, text)| format!("{}\n", text.trim())).collect()
}

#[test]
fn every_unit_has_a_page_in_the_offices_tree_and_one_of_its_own() {
    let input = province();
    let pages = pages(&input);
    let over_all = |page: &&String| {
        page.starts_with("office/domains/") || page.starts_with("office/regions/") || page.starts_with("office/indicators/")
    };
    let others = pages.keys().filter(|page| !over_all(page)).count();
    assert_eq!(others, 13 + 2 * input.units.len() + 3);
    for unit in &input.units {
        let name = file_name(unit.id.as_ref());
        assert!(pages.contains_key(&format!("office/units/{name}.html")) && pages.contains_key(&format!("units/{name}/index.html")));
    }
}

#[test]
fn no_page_refers_to_anything_outside_itself() {
    for (path, html) in pages(&province()) {
        let without = html.replacen(&guard::script_element(), "", 1);
        for outside in ["http://", "https://", "//", "<script", "<link", "<img", "url("] {
            assert!(!without.contains(outside), "{path} holds `{outside}`");
        }
        assert!(html.contains("default-src 'none'") && html.contains("script-src 'sha256-"), "{path}");
    }
}

#[test]
fn a_notice_stands_at_the_head_of_every_page_and_in_print_and_only_where_there_is_one() {
    let mut input = province();
    assert!(pages(&input).values().all(|html| !html.contains("class=\"notice\"")));
    input.notice = "示例数据：得分<均>为虚构".to_owned();
    for (path, html) in pages(&input) {
        let head = html.split_once("<header").and_then(|(_, rest)| rest.split_once("</header>")).map_or("", |(head, _)| head);
        assert!(head.contains("<p class=\"notice\">示例数据：得分&#60;均&#62;为虚构</p>"), "{path}: {head}");
    }
    let hidden_in_print = super::STYLE.split("@media print").nth(1).expect("a print style");
    let hides = |rule: &&str| rule.contains("display: none") && (rule.contains(".notice") || rule.contains(".band"));
    assert!(!hidden_in_print.lines().any(|line| hides(&line)));
}

#[test]
fn links_lead_to_pages_of_the_same_tree() {
    assert_links_hold(&pages(&province()));
}

fn assert_links_hold(pages: &BTreeMap<String, String>) {
    for (path, html) in pages {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for href in html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let (file, anchor) = href.split_once('#').map_or((href, None), |(file, anchor)| (file, Some(anchor)));
            let target = match file {
                "" => path.clone(),
                up if up.starts_with("../") => format!("{}/{}", folder.rsplit_once('/').map_or("", |(above, _)| above), &up[3..]),
                here => format!("{folder}/{here}"),
            };
            let tree = |path: &str| path.split('/').next().map(str::to_owned);
            assert!(tree(&target) == tree(path), "{path} leads to {target}");
            // Beside the pages stand workbooks: of findings and tables in the office's tree alone, of the ranking in the public one.
            let is_file = [".xlsx", ".csv"].iter().any(|ending| target.ends_with(ending));
            if is_file && ["office/findings.", "office/tables/", "public/ranking."].iter().any(|start| target.starts_with(start)) {
                continue;
            }
            let page = pages.get(&target).unwrap_or_else(|| panic!("{path} leads to {target}, which is no page"));
            assert!(anchor.is_none_or(|anchor| page.contains(&format!("id=\"{anchor}\""))), "{path}: no anchor {href}");
        }
    }
}

#[test]
fn a_units_own_tree_holds_no_finding_and_no_other_unit() {
    let input = province();
    for (path, html) in pages(&input).iter().filter(|(path, _)| path.starts_with("units/")) {
        for finding in &input.detected.findings {
            assert!(!html.contains(&finding.title) && !html.contains(&finding.says) && !html.contains(texts::FINDINGS_HEAD), "{path}");
        }
        let own = path.split('/').nth(1).expect("units/<id>/index.html");
        // A city answers for the units below it and lists their records.
        if own == "990100-~sj" {
            continue;
        }
        let parents: Vec<_> = input.units.iter().filter_map(|unit| unit.parent.clone()).collect();
        for other in input.units.iter().filter(|unit| file_name(unit.id.as_ref()) != own && !parents.contains(&unit.id)) {
            assert!(!html.contains(&other.name), "{path} names {}", other.name);
        }
        assert!(!html.contains("class=\"peer\""), "{path} draws peers");
    }
}

#[test]
fn a_record_of_another_unit_behind_a_figure_of_the_region_stands_in_the_offices_tree_alone() {
    let mut input = province();
    let own = input.records.lists.keys().next().expect("the fixture has lists").0.clone();
    let is_foreign = |unit: &&Unit| !Facts::of(&input).is_below(&unit.id, &own);
    let other = input.units.iter().find(is_foreign).expect("a unit that does not answer to it").id.clone();
    let lists = input.records.lists.values_mut().next().expect("the fixture has lists");
    let mut records: Vec<_> = lists[0].records.iter().map(|record| record.owned()).collect();
    let kept = records[0].record_id.clone();
    records.push(ListedRecord { unit: other.0, record_id: "FOREIGN-1".to_owned(), ..records[0].clone() });
    lists[0].records = records.into_iter().collect();
    let pages = pages(&input);
    let name = file_name(own.as_ref());
    let (office, tree) = (&pages[&format!("office/units/{name}.html")], &pages[&format!("units/{name}/index.html")]);
    assert!(office.contains("FOREIGN-1") && office.contains(&kept));
    assert!(!tree.contains("FOREIGN-1") && tree.contains(&kept));
}

#[test]
fn the_public_tree_is_a_page_of_ranks_totals_and_grades_and_one_of_method() {
    let input = province();
    let pages = pages(&input);
    let public: Vec<_> = pages.keys().filter(|path| path.starts_with("public/")).collect();
    assert_eq!(public, ["public/index.html", "public/method.html", "public/record.html"]);
    let html = &pages["public/method.html"];
    assert!(html.contains(texts::CURVES) && !html.contains(texts::AUDIT), "what the scheme does to ranks is the office's to read");
    assert!(input.units.iter().all(|unit| !html.contains(unit.id.as_ref()) && !html.contains(&unit.name)), "no unit is on it");
    assert!(input.units.iter().all(|unit| !pages["public/record.html"].contains(unit.id.as_ref())), "unit identifiers are internal");
    let html = &pages["public/index.html"];
    for unit in &input.units {
        assert!(!html.contains(unit.id.as_ref()), "unit identifiers are internal");
    }
    for indicator in input.indicators.values() {
        assert!(!html.contains(&indicator.title));
    }
    for row in &input.accounting {
        assert!(!html.contains(&row.source_file));
    }
    for word in [texts::FINDINGS, texts::PENDING, texts::QUARANTINED, texts::RECORD, texts::FRACTION] {
        assert!(!html.contains(word), "{word}");
    }
    // Cells hold nothing but the five fields of the allow-list.
    let cells = html.split("<td").skip(1).filter_map(|rest| rest.split("</td>").next()).count();
    assert_eq!(cells, 4 * input.scorecards.ranks.len());
}

#[test]
fn a_name_that_tries_to_leave_its_place_is_only_words() {
    for (path, html) in pages(&province()) {
        assert!(!html.contains("<script>alert"), "{path}");
        assert!(!html.contains('\u{202e}'), "{path}");
        if path == "public/index.html" {
            assert!(html.contains("&#60;/script&#62;"), "the name is shown as it was written");
        }
    }
    assert!(HOSTILE.contains('\u{202e}'));
}

#[test]
fn every_number_in_the_offices_ranking_is_the_rank_tables() {
    let input = province();
    let html = &pages(&input)["office/index.html"];
    let cell = |row: &str, class: &str| {
        let rest = row.split(class).nth(1).expect("the cell is there");
        rest.split("</td>").next().expect("the cell ends").split('<').filter_map(|piece| piece.split('>').nth(1)).collect::<String>()
    };
    let mut seen = 0;
    for row in html.split("<tr").skip(1).filter(|row| row.contains("c-total\" data-label")) {
        let href = row.split("units/").nth(1).and_then(|rest| rest.split(".html").next()).expect("the row leads to its unit");
        let rank: &Rank = input.scorecards.ranks.iter().find(|rank| file_name(rank.unit.as_ref()) == href).expect("a rank row");
        let shown_rank: String = row
            .split("c-rank\" data-label")
            .nth(1)
            .and_then(|rest| rest.split('>').nth(1))
            .map(|rest| rest.split('<').next().unwrap_or_default().to_owned())
            .expect("a rank");
        assert_eq!(shown_rank, rank.rank.map_or(texts::NONE.to_owned(), |rank| rank.to_string()));
        assert!(cell(row, "c-total").contains(&rank.total.map_or(texts::NONE.to_owned(), |total| format!("{total:.2}"))), "{href}");
        assert!(row.contains(rank.grade.as_deref().unwrap_or(texts::NONE)));
        seen += 1;
    }
    assert_eq!(seen, input.scorecards.ranks.len());
}

#[test]
fn an_identity_number_in_a_name_keeps_the_page_back() {
    let mut input = province();
    input.units[0].name = "身份证11010519491231002X".to_owned();
    let refused = trees::each_page(&Facts::of(&input), 2, |_| Ok(())).expect_err("the scanner catches it").to_string();
    assert!(refused.contains("office/index.html") && !refused.contains("1949"), "{refused}");
}

#[test]
fn an_identity_number_in_evidence_is_covered() {
    let html = &pages(&province())["office/units/990202-urban.html"];
    assert!(html.contains("110************02X") && guard::personal_numbers(html).is_empty());
}

#[test]
fn a_units_page_lists_its_own_records_and_a_citys_those_below_it() {
    let pages = pages(&province());
    let own = words(&pages["units/990101-market/index.html"]);
    for shown in ["拉低得分 23 条，列前 1 条", "XS-2026-0311", "sources/leads/leads.csv:18", "在期限内移送有管辖权的机关"]
    {
        assert!(own.contains(shown), "{shown}");
    }
    assert!(!own.contains("13800138000") && !own.contains("11010519491231002X"), "personal numbers are covered");
    assert!(!own.contains("XS-2026-0047"), "a neighbour's record");
    let city = words(&pages["units/990100-~sj/index.html"]);
    assert!(city.contains("XS-2026-0047") && city.contains("XS-2026-0311") && city.contains("南浦区"));
    assert_eq!(pages.values().filter(|html| html.contains("XS-2026-0047")).count(), 2, "the city's own page and the office's page of it");
}

#[test]
fn the_records_that_do_not_agree_stand_on_the_offices_page_and_on_the_units_own_alone() {
    let input = province();
    let pages = pages(&input);
    let office = words(&pages["office/reconciliation.html"]);
    for shown in ["平台缺失 25 条，列前 20 条", "不同 2 条", "罚款金额：系统 5000.00，平台 500.00；当事人代码不同", "罚款金额 2"]
    {
        assert!(office.contains(shown), "{shown}");
    }
    for record in &input.reconciled.records {
        let own = format!("units/{}/index.html", file_name(record.unit.as_ref()));
        let key = super::names::Text::masked(&record.record_id).to_string();
        let listed = |path: &str| words(&pages[path]).contains(&format!("\n{key}\n"));
        let others = pages.keys().filter(|path| **path != own && !path.starts_with("office/")).filter(|path| listed(path)).count();
        assert_eq!(others, 0, "{key} stands on a page of another reader");
        let is_late = record.outcome == "missing_on_platform" && record.due_on > Some(jiff::civil::date(2026, 4, 21));
        assert_eq!(listed(&own), !is_late, "{key} on {own}");
        assert_eq!(listed("office/reconciliation.html"), !is_late && record.outcome != "in_transit", "{key} on the office's page");
    }
}

#[test]
fn values_that_differ_are_told_in_words_and_what_looks_personal_is_covered() {
    let page = words(&pages(&province())["units/990103-market/index.html"]);
    assert!(page.contains("罚款金额：系统 空，平台 500.00；处理结果：系统 行政处罚，平台 不予处罚"), "{page}");
    assert!(page.contains("当事人110************02X"), "{page}");
    assert!(page.contains("平台 sources/platform/records.csv:7（2026-07-01 01:02 装载）"), "{page}");
}

#[test]
fn the_share_of_what_agrees_is_of_what_is_due() {
    let page = words(&pages(&province())["units/990103-market/index.html"]);
    let (share, rest) = (numbers::value(rust_decimal::Decimal::from(42) / rust_decimal::Decimal::from(44), ShownAs::Percent), "\n42\n");
    let place = page.find(&format!("\n{share}\n")).unwrap_or_else(|| panic!("{share}: {page}"));
    assert!(page[place..].contains(rest) && page.contains(&texts::held_sources("行政处罚案件")), "{page}");
}

#[test]
fn the_four_ways_of_checking_stand_beside_each_other_quarter_by_quarter() {
    let pages = pages(&province());
    for path in ["office/verification.html", "units/990103-market/index.html"] {
        let page = words(&pages[path]);
        for way in crate::compute::verification::WAYS {
            assert!(page.contains(texts::way(way)), "{path} lacks {way}");
        }
        for shown in ["2026年第1季度", "2026年第2季度", "95.45%", "42／44", "85.00%", "17／20", "评估得分 86.55"] {
            assert!(page.contains(shown), "{path} lacks {shown}");
        }
        assert!(!page.contains("59／64"), "{path} adds up the ways");
    }
    assert!(!words(&pages["units/990103-market/index.html"]).contains("16／16"), "another unit's figures");
    assert!(!pages["units/990102-market/index.html"].contains("id=\"verification\""), "nothing of it was checked");
    assert!(!pages["public/index.html"].contains(texts::CONSISTENCY) && !pages["public/index.html"].contains(texts::WAY));
}

#[test]
fn statuses_are_said_in_words() {
    let all: String = pages(&province()).values().map(|html| words(html)).collect();
    for word in [texts::TOO_FEW, texts::NOTHING_DUE, texts::NOT_APPLICABLE, texts::HELD, texts::PROVISIONAL] {
        assert!(all.contains(word), "{word}");
    }
}

#[test]
fn tables_have_captions_and_scopes_and_drawings_have_titles() {
    for (path, html) in pages(&province()) {
        assert_eq!(html.matches("<table").count(), html.matches("<caption").count(), "{path}");
        assert_eq!(html.matches("<th").count() - html.matches("<thead").count(), html.matches("scope=\"").count(), "{path}");
        assert_eq!(
            html.matches("role=\"img\"><title>").count() + html.matches("aria-hidden=\"true\"><rect").count(),
            html.matches("<svg").count(),
            "{path}"
        );
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    assert_eq!(pages(&province()), pages(&province()));
    let mut shuffled = province();
    shuffled.units.reverse();
    shuffled.scorecards.ranks.reverse();
    shuffled.scorecards.values.reverse();
    shuffled.detected.findings.reverse();
    shuffled.accounting.reverse();
    assert_eq!(pages(&province()), pages(&shuffled), "the order of the input does not show");
}

#[tokio::test]
async fn the_indices_are_read_back_as_they_were_written() {
    let mut input = province();
    let folder = tempfile::tempdir().expect("a folder");
    write(&input, folder.path(), None, 2).expect("the report is written");
    let session = crate::lake::session(None, &folder.path().join("spill"), 1).expect("a session");
    let tables = folder.path().join("tables");
    let synergy = crate::indices::previous::synergy(&session, &tables).await.expect("it reads");
    input.synergy.pairs.sort_by(|a, b| (&a.region, &a.neighbour, &a.domain, a.part).cmp(&(&b.region, &b.neighbour, &b.domain, b.part)));
    for row in &mut input.synergy.pairs {
        row.value = row.value.map(|value| value.round_dp(12));
    }
    input.synergy.sides.sort_by(|a, b| (&a.region, &a.neighbour, &a.domain).cmp(&(&b.region, &b.neighbour, &b.domain)));
    for row in &mut input.synergy.sides {
        row.value = row.value.map(|value| value.round_dp(12));
    }
    assert!(input.synergy.pairs.iter().any(|row| row.report_only) && input.synergy.pairs.iter().any(|row| !row.scored));
    assert_eq!(synergy, input.synergy);
    let mut burden = crate::indices::previous::burden(&session, &tables).await.expect("it reads");
    let key = |row: &crate::indices::tables::Burden| (row.scope.clone(), row.quarter.clone(), row.component.clone());
    burden.rows.sort_by_key(key);
    input.burden.rows.sort_by_key(key);
    // Shares are written with a fixed number of digits.
    for power in burden.power.iter_mut().chain(&mut input.burden.power) {
        power.correlation = power.correlation.normalize();
    }
    let planned = |row: &crate::indices::tables::BurdenPower| (row.component.clone(), !row.is_own, row.firms, row.correlation);
    input.burden.power.sort_by_key(planned);
    assert_eq!(burden, input.burden);
}

#[test]
fn a_city_with_too_few_firms_gets_one_sentence_and_safety_equipment_stands_apart() {
    let mut input = province();
    for row in input.burden.rows.iter_mut().filter(|row| row.scope == "990100") {
        (row.firms, row.index, row.interval, row.score) = (51, None, None, None);
    }
    let apart = |row: &crate::indices::tables::Burden| crate::indices::tables::Burden { component: "equipment".to_owned(), ..row.clone() };
    let equipment: Vec<_> = input.burden.rows.iter().filter(|row| row.component == "cost").map(apart).collect();
    input.burden.rows.extend(equipment);
    let page = words(&pages(&input)["office/burden.html"]);
    assert!(page.contains(&texts::panel_too_small("51", "100")));
    assert!(!page.contains("equipment") && page.contains(texts::EQUIPMENT_NOTE));
    let drawings = pages(&input)["office/burden.html"].matches("<figure").count();
    assert_eq!(drawings, 2, "the province and the other city");
}

#[test]
fn what_reaches_no_pair_of_neighbours_is_said_in_one_line() {
    let mut input = province();
    let (mut city, mut far) = (input.synergy.pairs[0].clone(), input.synergy.pairs[0].clone());
    (city.neighbour, city.bordering, city.denominator) = ("990100".to_owned(), false, 7.into());
    (far.neighbour, far.bordering, far.denominator) = ("990299".to_owned(), false, 2.into());
    input.synergy.pairs.extend([city, far]);
    let page = words(&pages(&input)["office/synergy.html"]);
    assert!(page.contains(&texts::outside_pairs(Some("7"), Some("2"))), "{page}");
}

#[test]
fn a_report_of_nothing_is_still_a_report() {
    let mut input = province();
    input.units.clear();
    input.scorecards = Default::default();
    input.measures = Measures::default();
    input.detected = Default::default();
    input.synergy = Default::default();
    input.burden = Default::default();
    input.accounting.clear();
    input.reconciliation.clear();
    input.reconciled = Default::default();
    input.verification.clear();
    input.previous = None;
    input.charts.clear();
    input.effects = Default::default();
    assert_eq!(pages(&input).len(), 16);
}

#[test]
fn the_medians_of_the_groups_are_those_of_the_totals() {
    let spread = super::view::ranking::Spread::of(&province().scorecards.ranks.iter().take(3).collect::<Vec<_>>());
    assert_eq!(spread.median(), Some(spread.totals[1]));
    assert_eq!(numbers::fixed(spread.totals[1], 2), format!("{:.2}", spread.totals[1]));
}

/// `cargo test --lib report:: -- --ignored` leaves the fixture's report in the folder for temporary files, to look at.
#[test]
#[ignore = "writes a report for people to look at"]
fn demo() {
    let folder = std::env::temp_dir().join("report-demo");
    let summary = write(&province(), &folder, None, 2).expect("the report is written");
    println!("{}: {summary:?}", folder.display());
}

#[test]
fn every_value_of_an_indicator_stands_on_its_page_with_its_unit_and_the_best_comes_first() {
    let input = province();
    let pages = pages(&input);
    for scheme in &input.scheme.indicators {
        let values: Vec<_> = input.scorecards.values.iter().filter(|value| value.indicator == scheme.id && value.value.is_some()).collect();
        if values.is_empty() {
            continue;
        }
        let header = &input.indicators[&scheme.id];
        let page = words(&pages[&format!("office/{}", super::view::indicator::page_of(scheme.id.as_ref()))]);
        for value in &values {
            let name = &input.units.iter().find(|unit| unit.id == value.unit).expect("a unit").name;
            let name = if name == HOSTILE { "局务商" } else { name };
            let shown = numbers::value(value.value.expect("a value"), header.shown_as);
            assert!(page.contains(name.trim()) && page.contains(&format!("\n{shown}\n")), "{}: {name} {shown}", scheme.id.as_ref());
        }
        assert!(page.contains(&header.basis), "{}", scheme.id.as_ref());
    }
    let of = |better: Better| input.scheme.indicators.iter().find(|scheme| input.indicators[&scheme.id].better == better).expect("one");
    for (better, is_sorted) in [(Better::Higher, (|a, b| a >= b) as fn(_, _) -> bool), (Better::Lower, |a, b| a <= b)] {
        let view = super::view::indicator::page(&Facts::of(&input), of(better), None);
        let number = |text: &str| text.trim_end_matches('%').replace('\u{2009}', "").parse::<f64>().ok();
        for group in view.groups {
            let shown: Vec<f64> = group.rows.iter().filter_map(|row| number(&row.value)).collect();
            assert!(shown.windows(2).all(|pair| is_sorted(pair[0], pair[1])), "{shown:?}");
        }
    }
}

#[test]
fn a_regions_page_holds_its_own_units_and_those_below_and_no_other() {
    let input = province();
    let pages = pages(&input);
    let facts = Facts::of(&input);
    let regions = facts.regions();
    assert!(regions.contains_key("990100") && regions.contains_key("990101"));
    for (code, units) in regions {
        let page = words(&pages[&format!("office/regions/{code}.html")]);
        for unit in input.units.iter().filter(|unit| unit.name != HOSTILE) {
            let is_own = units.iter().any(|own| own.id == unit.id);
            assert_eq!(page.contains(&format!("\n{}\n", unit.name.trim())), is_own, "{} on the page of {code}", unit.name);
        }
    }
}

#[test]
fn the_first_page_says_what_needs_a_person_and_what_has_changed() {
    let mut input = province();
    for finding in &mut input.detected.findings {
        finding.state = crate::findings::tables::State::Reviewed;
    }
    input.detected.findings[0].state = crate::findings::tables::State::Changed;
    input.detected.resolved.clear();
    let facts = Facts::of(&input);
    let says = |tasks: Vec<super::view::today::Task>| tasks.iter().map(|task| task.says.to_string()).collect::<Vec<_>>();
    let tasks = says(super::view::today::tasks(&facts));
    assert!(tasks.contains(&texts::today_changed(1)) && !tasks.iter().any(|says| says.contains("新增疑点")), "{tasks:?}");
    assert!(tasks.iter().any(|says| says.contains("沿用上次")) && tasks.iter().any(|says| says.contains("没有报送")), "{tasks:?}");
    let page = words(&pages(&input)["office/index.html"]);
    assert!(tasks.iter().all(|says| page.contains(says.as_str())), "{page}");
    let previous = input.previous.as_ref().expect("a run before").ranks.clone();
    let count = |is: fn(u32, u32) -> bool| {
        let of = |rank: &&Rank| {
            previous.get(&(rank.unit.clone(), rank.domain.clone())).zip(rank.rank).is_some_and(|(before, now)| is(*before, now))
        };
        input.scorecards.ranks.iter().filter(of).count()
    };
    let (up, down) = (count(|before, now| before > now), count(|before, now| before < now));
    assert!(
        up > 0 && says(super::view::today::news(&Facts::of(&input)))[0].contains(&format!("上升 {up} 个，下降 {down} 个")),
        "{up} {down}"
    );
    input.previous = None;
    assert!(super::view::today::news(&Facts::of(&input)).is_empty());
}

#[test]
fn a_units_page_that_would_be_too_large_lists_fewer_of_each_kind_and_says_of_how_many() {
    let mut input = province();
    let ((unit, ..), of_unit) = input.records.lists.iter_mut().next().expect("the fixture has lists");
    let unit = unit.clone();
    let mut long = of_unit[0].clone();
    let one = long.records.iter().next().expect("a record").owned();
    let numbered = |number: u32| ListedRecord {
        record_id: format!("C{number:03}"),
        unit: unit.0.clone(),
        facts: vec![("办案说明".to_owned(), "长".repeat(400))],
        ..one.clone()
    };
    long.records = (0..20).map(numbered).collect();
    long.total = 777;
    *of_unit = vec![long; 60];
    let all = pages(&input);
    let page = &all[&format!("units/{}/index.html", file_name(unit.as_ref()))];
    assert!(page.len() < 1_000_000, "{}", page.len());
    assert!(page.contains("C009") && !page.contains("C010") && page.contains("777"), "ten of each kind");
}

#[test]
fn a_province_of_many_objects_has_no_page_beyond_a_megabyte_but_those_of_its_records() {
    let mut input = province();
    let ranks = input.scorecards.ranks.clone();
    let values = input.scorecards.values.clone();
    let (units, verification) = (input.units.clone(), input.verification.clone());
    for copy in 0..120 {
        let named = |unit: &UnitId| UnitId(format!("{}-{copy}", unit.as_ref()));
        input.units.extend(units.iter().map(|unit| crate::scoring::tables::Unit { id: named(&unit.id), ..unit.clone() }));
        input.scorecards.ranks.extend(ranks.iter().map(|rank| Rank { unit: named(&rank.unit), ..rank.clone() }));
        input
            .verification
            .extend(verification.iter().map(|row| crate::compute::verification::Verified { unit: named(&row.unit), ..row.clone() }));
        let first = values.iter().filter(|value| value.indicator == input.scheme.indicators[0].id);
        input.scorecards.values.extend(first.map(|value| crate::scoring::tables::Value { unit: named(&value.unit), ..value.clone() }));
    }
    assert!(input.scorecards.ranks.len() > 3_500);
    // Somebody's interface is down, and the whole province seems silent.
    let silent = input.units.iter().cycle().take(12_000).zip(1..);
    let day = |number: i32| jiff::civil::date(2026, 1, 1).checked_add(jiff::Span::new().days(number % 170)).ok();
    input.not_reported = silent
        .map(|(unit, number)| crate::report::input::NotReported {
            table: "cases".to_owned(),
            unit: unit.id.clone(),
            last_seen: day(number),
        })
        .collect();
    let accounting = input.accounting.clone();
    input.accounting.extend(accounting.iter().cycle().take(4_000).cloned());
    let facts = Facts::of(&input);
    let wanted = |path: &str| !path.contains("units/");
    let sizes = trees::each_page(&facts, 2, |page| Ok((page.path, page.html.len()))).expect("the pages are made");
    let large: Vec<_> = sizes.iter().filter(|(path, size)| wanted(path) && *size > 1_000_000).collect();
    assert!(large.is_empty(), "{large:?}");
    let shown = |path: &str| sizes.iter().any(|(page, _)| page == path);
    assert!(shown("public/domains/market.html") && shown("office/domains/market.html"));
    let id = input.scheme.indicators[0].id.as_ref();
    assert!(shown(&format!("office/{}", super::view::indicator::page_of_domain(id, "market"))), "the values of so many stand by domain");
    let all = pages(&input);
    let quality = &all["office/quality.html"];
    assert!(
        quality.contains("共 12000 条，此处列最久没有记录的 1000 条") && quality.contains("个文件，此处列 1000 个"),
        "what is cut is said"
    );
    let whole = &all[&format!("office/{}", super::view::indicator::page_of(id))];
    assert!(whole.contains(&format!("href=\"../{}#g1\"", super::view::indicator::page_of_domain(id, "market"))));
    assert_links_hold(&all);
}

#[test]
fn every_page_says_which_run_scheme_program_and_data_it_shows() {
    let mut input = province();
    let foot = |html: &str| {
        words(html.split_once("<footer").map(|(_, foot)| foot).map(|foot| format!("<body{foot}")).as_deref().unwrap_or_default())
    };
    let before = pages(&input);
    for (path, html) in &before {
        let said = foot(html);
        for known in [
            input.run_id.as_ref(),
            "2026年6月30日",
            input.scheme.hash.get(..12).unwrap_or(&input.scheme.hash),
            &input.engine_version,
            texts::FOOT_DATA,
        ] {
            assert!(said.contains(known), "{path}: {known} in {said}");
        }
    }
    input.lake_versions.insert("cases".to_owned(), 42);
    let after = pages(&input);
    assert!(before.iter().all(|(path, html)| foot(html) != foot(&after[path])), "other data, another digest");
    assert!(words(&after["office/quality.html"]).contains("\n42\n"));
}

#[test]
fn a_page_that_says_what_it_said_in_an_earlier_run_is_that_page_and_names_that_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |name: &str| folder.path().join(name);
    let write = |input: &ReportInput, before: Option<&str>| {
        let before = before.map(run);
        trees::write_trees(&Facts::of(input), &run(&input.run_id.0).join("report"), before.as_deref(), 2).expect("written")
    };
    let page = |name: &str, path: &str| std::fs::read_to_string(run(name).join("report").join(path)).expect("a page");
    let mut input = province();
    let id = input.units[0].id.clone();
    input.run_id = crate::terms::RunId("20260701T010000-aaaa".to_owned());
    let first = write(&input, None);
    assert_eq!(first.unchanged, 0);
    for (before, again) in [("20260701T010000-aaaa", "20260701T010000-bbbb"), ("20260701T010000-bbbb", "20260701T010000-cccc")] {
        input.run_id = crate::terms::RunId(again.to_owned());
        let written = write(&input, Some(before));
        let public = written.pages - written.unchanged;
        assert_eq!(trees::Written { unchanged: 0, ..written }, first, "the same pages");
        assert!((1..10).contains(&public), "the same is not written again, but for the {public} pages that everybody sees");
        assert!(page(again, "office/index.html").contains("-aaaa</dd>"), "it names the run that found this");
        assert!(page(again, "public/index.html").contains(&format!("{again}</dd>")), "beside files that name the run they are of");
    }
    input.run_id = crate::terms::RunId("20260701T010000-dddd".to_owned());
    let unit = input.units.iter_mut().find(|unit| unit.id == id).expect("a unit");
    unit.name.push_str("（新）");
    let fourth = write(&input, Some("20260701T010000-cccc"));
    let own = format!("units/{}/index.html", super::names::file_name(id.as_ref()));
    assert!(fourth.unchanged > 0 && fourth.unchanged < fourth.pages, "{fourth:?}");
    assert!(page("20260701T010000-dddd", &own).contains("-dddd</dd>") && page("20260701T010000-dddd", &own).contains("（新）"));
    assert!(!page("20260701T010000-aaaa", &own).contains("（新）"), "what was published stays as it was");
    assert!(page("20260701T010000-dddd", "office/method.html").contains("-aaaa</dd>"));
}

#[test]
fn with_more_objects_than_a_page_holds_the_first_one_leads_to_the_domains() {
    let mut input = province();
    let some = input.scorecards.ranks.iter().find(|rank| rank.rank.is_some()).expect("a ranked object").clone();
    input.scorecards.ranks.extend((0..400).map(|number| Rank { unit: UnitId(format!("extra-{number}")), ..some.clone() }));
    let pages = pages(&input);
    let page = &pages["office/index.html"];
    let (groups, index) = page.split_once("class=\"index\"").expect("an index of units");
    assert!(!groups.contains("extra-1") && page.contains("href=\"domains/market.html#g1\""), "the groups alone");
    let line = index.split("<tr>").find(|row| row.contains("extra-399")).expect("a line a unit");
    assert!(line.contains("units/extra-399.html") && line.contains(&format!("第 {} 名", some.rank.expect("a rank"))), "{line}");
    assert!(pages["office/domains/market.html"].contains("extra-399") && pages["office/domains/market.html"].contains("id=\"g1\""));
}

#[test]
fn a_dot_of_a_funnel_shows_by_its_form_where_it_lies() {
    use crate::scoring::tables::InFunnel;
    use crate::statistics::funnel::Position;
    let mut input = province();
    let place = |position, low: i64, high: i64| InFunnel {
        position,
        centre: Decimal::new(8, 1),
        usual: (Decimal::new(low, 1), Decimal::new(high, 1)),
        alarm: (Decimal::new(low - 1, 1), Decimal::ONE),
    };
    let indicator = input.scheme.indicators[0].id.clone();
    let positions = [Position::Within, Position::AttentionLow, Position::AlarmHigh];
    let group = "market · county · medium".to_owned();
    let of_group: Vec<(UnitId, String)> = input
        .scorecards
        .ranks
        .iter()
        .filter(|rank| rank.peer_group == group)
        .map(|rank| (rank.unit.clone(), rank.domain.clone()))
        .collect();
    let mut drawn = 0;
    let values = input.scorecards.values.iter_mut().filter(|value| value.indicator == indicator && value.value.is_some());
    for value in values.filter(|value| of_group.contains(&(value.unit.clone(), value.domain.clone()))) {
        value.funnel = Some(place(positions[drawn % 3], 5, 9));
        drawn += 1;
    }
    assert!(drawn >= 3, "{drawn} in {group}");
    let page = &pages(&input)[&format!("office/{}", super::view::indicator::page_of(indicator.as_ref()))];
    let funnel = page.split("class=\"funnel\"").nth(1).and_then(|rest| rest.split("</svg>").next()).expect("a funnel");
    let forms = ["<circle", "fill-opacity=\"0", "<rect"];
    assert!(forms.iter().all(|form| funnel.contains(form)), "{funnel}");
    assert!(funnel.contains(&format!("漏斗图：{drawn} 家")), "{funnel}");
}

#[test]
fn grades_stand_in_the_order_of_the_scheme_even_where_a_veto_capped_the_best_total() {
    let mut input = province();
    let best = input.scorecards.ranks.iter_mut().max_by_key(|rank| rank.total).expect("the fixture has ranks");
    best.grade = Some("不合格".to_owned());
    let page = words(&pages(&input)["office/index.html"]);
    let places: Vec<_> = input.scheme.grades.iter().filter_map(|grade| page.find(&format!("\n{grade}\n"))).collect();
    assert!(places.len() >= 3 && places.is_sorted(), "{places:?}");
}

#[test]
fn the_watch_shows_charts_with_news_alone_and_nothing_of_it_leaves_the_office() {
    let input = province();
    let pages = pages(&input);
    let page = words(&pages["office/watch.html"]);
    let [first, second] = [0, 1].map(|place| &input.units.iter().find(|unit| unit.id.0 == input.charts[place].unit).expect("a unit").name);
    assert!(page.contains(first.as_str()) && page.contains("低于下限"), "{page}");
    assert!(!page.contains(second.as_str()), "a chart without news");
    assert!(pages["office/watch.html"].contains("<svg class=\"control\""));
    let says = |rule: &str| pages.iter().filter(|(path, html)| !path.starts_with("office/") && html.contains(rule)).count();
    assert_eq!((says(texts::WATCH_NEWS), says("低于下限")), (0, 0), "a unit sees its own months, and no news of them");
}

#[test]
fn known_effects_stand_on_the_findings_page_with_their_documents() {
    let pages = pages(&province());
    let page = words(&pages["office/findings.html"]);
    assert!(page.contains("市监专〔2026〕3号") && page.contains(texts::EFFECTS), "{page}");
}

#[test]
fn a_fact_found_at_one_unit_is_drawn_beside_those_whose_records_show_none_and_without_anybody_there_is_no_drawing() {
    let mut input = province();
    let page = |input: &ReportInput| words(&pages(input)["office/units/990202-urban.html"]);
    assert!(page(&input).contains("另 7 个主体（其中 7 个没有这类记录）"), "{}", page(&input));
    input.detected.unremarkable.clear();
    assert!(page(&input).contains(texts::NO_PEERS_TO_DRAW));
}

#[test]
fn every_table_is_there_for_excel_with_its_rows_counted_and_nothing_that_runs() {
    let mut input = province();
    let formula = "=HYPERLINK(\"http://evil.example\",\"看\")";
    let named = input.units[0].id.clone();
    input.units[0].name = formula.to_owned();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let summary = write(&input, folder.path(), None, 2).expect("the report is written");
    let tables_of = folder.path().join("report/office/tables");
    for table in &summary.tables {
        let mut book = calamine::open_workbook_auto(tables_of.join(format!("{}.xlsx", table.name))).expect("a workbook");
        let names = book.sheet_names();
        assert_eq!(names.len(), 2, "{}", table.name);
        let (rows, notes) = (book.worksheet_range(&names[0]).expect("rows"), book.worksheet_range(&names[1]).expect("notes"));
        assert_eq!(rows.height() as u64, table.rows + 1, "{}", table.name);
        assert!(notes.rows().any(|row| row[1].to_string().contains(&format!("{} 行，共 {} 行", table.rows, table.rows))), "{}", table.name);
        // No cell has anything to compute.
        assert!(names.iter().all(|name| book.worksheet_formula(name).is_ok_and(|formulas| formulas.is_empty())), "{}", table.name);
        let text = std::fs::read_to_string(tables_of.join(format!("{}.csv", table.name))).expect("UTF-8");
        let mut reader = csv::Reader::from_reader(text.strip_prefix('\u{feff}').expect("a byte-order mark").as_bytes());
        let records: Vec<csv::StringRecord> = reader.records().map(|record| record.expect("as many cells as titles")).collect();
        assert_eq!(records.len() as u64, table.rows, "{}", table.name);
        assert!(records.iter().flatten().all(|cell| !cell.starts_with('=')), "{}", table.name);
    }
    let mut ranks = calamine::open_workbook_auto(tables_of.join("ranks.xlsx")).expect("a workbook");
    let sheet = ranks.sheet_names()[0].clone();
    let rows = ranks.worksheet_range(&sheet).expect("rows");
    let own = rows.rows().find(|row| row[0].to_string() == named.0).expect("the unit's row");
    assert_eq!(own[1].to_string(), formula.replace("://", "：／／"), "a text, and nothing to follow");
    let total = rows.rows().next().expect("titles").iter().position(|title| *title == "总分").expect("a column");
    assert!(rows.rows().skip(1).any(|row| matches!(row[total], calamine::Data::Float(_))), "a total is a number");
    let public_rows = {
        let mut book = calamine::open_workbook_auto(folder.path().join("report/public/ranking.xlsx")).expect("a workbook");
        let sheet = book.sheet_names()[0].clone();
        book.worksheet_range(&sheet).expect("rows")
    };
    let titles: Vec<String> = public_rows.rows().next().expect("titles").iter().map(ToString::to_string).collect();
    for title in [texts::RANK, texts::TOTAL, texts::TOTAL_HALF_WIDTH] {
        let place = titles.iter().position(|known| known == title).unwrap_or_else(|| panic!("{title} in {titles:?}"));
        assert!(public_rows.rows().skip(1).any(|row| matches!(row[place], calamine::Data::Float(_))), "{title} is a number");
    }
    // The public has what the public page shows, by names and without identifiers.
    let public = std::fs::read_to_string(folder.path().join("report/public/ranking.csv")).expect("UTF-8");
    assert_eq!(public.lines().count(), input.scorecards.ranks.len() + 1);
    assert!(input.units.iter().all(|unit| !public.contains(unit.id.as_ref())), "unit identifiers are internal");

    // The same province, told in another order, is the same bytes.
    let again = tempfile::tempdir().expect("a temporary folder");
    assert!(input.scorecards.next_grades.len() > 1 && input.scorecards.rank_neighbours.len() > 1);
    input.scorecards.next_grades.reverse();
    input.scorecards.rank_neighbours.reverse();
    input.scorecards.ranks.reverse();
    input.scorecards.values.reverse();
    write(&input, again.path(), None, 1).expect("the report is written");
    for entry in std::fs::read_dir(&tables_of).expect("a folder") {
        let name = entry.expect("an entry").file_name();
        let bytes = |folder: &std::path::Path| std::fs::read(folder.join("report/office/tables").join(&name)).expect("a file");
        assert!(bytes(folder.path()) == bytes(again.path()), "{}", name.display());
    }
}
