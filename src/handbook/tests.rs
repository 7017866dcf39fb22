//! The handbook leaves nothing out, and none of its links leads nowhere.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::{Chapter, Sources, chapters, page, test_pages};
use crate::compute;
use crate::diagnostics::Diagnostics;
use crate::library::Library;
use crate::library::scheme::read_scheme;

/// Planning the library takes seconds, and every test looks at the same handbook.
static SHIPPED: LazyLock<(Library, Vec<Chapter>)> = LazyLock::new(|| {
    let (library, _) = Library::read(None).expect("the shipped library reads");
    let (file, text) = library.scheme_text("2026").expect("the scheme is shipped");
    let scheme = read_scheme("2026", &file, text, &library.indicators, &mut Diagnostics::default());
    let context = compute::check::unchecked_session(&library);
    let usages = compute::usage::usages(&context, &library).expect("planned");
    let pages = test_pages(std::path::Path::new("no such folder")).expect("the shipped pages read");
    let chapters = chapters(&Sources { library: &library, scheme: scheme.as_ref(), usages: &usages, pages: &pages });
    (library, chapters)
});

#[test]
fn every_definition_stands_in_the_handbook_and_every_link_leads_somewhere() {
    let (library, chapters) = &*SHIPPED;
    let mut anchors: BTreeSet<String> = chapters.iter().map(|chapter| format!("{}.md", chapter.name)).collect();
    for chapter in chapters {
        for anchor in chapter.markdown.split("<a id=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(anchors.insert(format!("{}.md#{anchor}", chapter.name)), "{} has two places `{anchor}`", chapter.name);
        }
    }
    let place = |file: &str, name: &str| anchors.contains(&format!("{file}.md#{name}"));
    assert!(library.indicators.keys().all(|id| place(&format!("indicators-{}", id.0.split('.').next().unwrap_or_default()), &id.0)));
    assert!(library.populations.keys().all(|name| place("populations", name)));
    assert!(library.tables.keys().all(|name| place("tables", name)));
    assert!(library.clocks.keys().all(|name| place("clocks", name)));
    assert!(library.parameters.keys().all(|name| place("parameters", name)));
    let mut links = 0;
    for chapter in chapters {
        for link in chapter.markdown.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = if link.starts_with('#') { format!("{}.md{link}", chapter.name) } else { link.to_owned() };
            assert!(anchors.contains(&target), "{}: the link `{link}` leads nowhere", chapter.name);
            links += 1;
        }
    }
    assert!(links > 100, "{links}");
}

#[test]
fn an_indicator_shows_what_it_rests_on_and_nothing_else() {
    let (_, chapters) = &*SHIPPED;
    let of = |name: &str| chapters.iter().find(|chapter| chapter.name == name).map(|chapter| chapter.markdown.as_str()).unwrap_or_default();
    let section = |file: &str, id: &str| -> String {
        let rest = of(file).split(&format!("<a id=\"{id}\"></a>")).nth(1).expect("the indicator stands there");
        rest.split("<a id=").next().unwrap_or_default().to_owned()
    };
    let filing = section("indicators-market", "market.filing_within_7d");
    for words in [
        "`food_drug_filing.target`",
        "7个工作日",
        "`not_filed`",
        "`received_on`",
        "filed on the last day",
        "基础指标 › 领域与层级指标 › 领域指标 › 市场监管",
    ] {
        assert!(filing.contains(words), "{words} is missing in:\n{filing}");
    }
    // Its population reads cases for the filing date alone, and its own clock is the only one.
    assert!(!filing.contains("decision.statutory") && !filing.contains("fine_amount"), "{filing}");
}

#[test]
fn every_clock_and_parameter_names_who_counts_with_it_or_that_nobody_does_yet() {
    let (library, chapters) = &*SHIPPED;
    let section = |chapter: &str, name: &str| -> String {
        let markdown = &chapters.iter().find(|found| found.name == chapter).expect("the chapter").markdown;
        let rest = markdown.split(&format!("<a id=\"{name}\"></a>")).nth(1).expect("it stands there");
        rest.split("<a id=").next().unwrap_or_default().to_owned()
    };
    let nobody = "尚无口径或指标使用。";
    let clocks = library.clocks.keys().map(|name| ("clocks", name));
    for (chapter, name) in clocks.chain(library.parameters.keys().map(|name| ("parameters", name))) {
        let section = section(chapter, name);
        assert!(section.contains("使用者：") != section.contains(nobody), "{name}: {section}");
    }
    let filing = section("clocks", "food_drug_filing.target");
    assert!(filing.contains("口径 [food_drug_leads](populations.md#food_drug_leads)"), "{filing}");
    assert!(filing.contains("](indicators-market.md#market.filing_within_7d)"), "{filing}");
    assert!(!filing.contains("market.closure_within_30d"), "{filing}");
    assert!(section("clocks", "closing.target").contains(nobody));
    assert!(section("parameters", "limitation.years").contains(nobody));
    assert!(section("parameters", "finding.q").contains("使用者：程序 疑点规则"));
}

#[test]
fn a_page_is_whole_without_network_and_its_links_lead_to_pages() {
    let (_, chapters) = &*SHIPPED;
    let html: BTreeMap<&str, String> = chapters.iter().map(|chapter| (chapter.name.as_str(), page(chapter, chapters))).collect();
    assert!(html.values().all(|page| !page.contains("<script") && !page.contains("http://") && !page.contains("https://")));
    assert!(html["index"].contains("href=\"indicators-market.html#market.filing_within_7d\""));
    assert!(html.values().all(|page| !page.contains(".md\"") && !page.contains(".md#")));
    assert!(html["indicators-market"].contains("<table>") && !html["indicators-market"].contains("<p>| "), "a table became text");
}
