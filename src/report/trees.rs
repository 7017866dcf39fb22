//! Three trees of pages, one for each reader: `office/`, `units/<id>/`, `public/`.
//!
//! In: [`Facts`]. Out: files, each checked by [`guard`] before it is written. Never here: figures, words.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use askama::Template;

use super::guard;
use super::input::{HeldItem, NodeView, SchemeIndicator};
use super::names::{Text, file_name};
use super::numbers;
use super::pages::{
    BurdenPage, DomainPage, DomainsPage, FindingsPage, IndicatorPage, IndicatorsPage, MethodPage, PublicPage, QualityPage, RankingPage,
    ReconciliationPage, RecordPage, RegionPage, RegionsPage, SynergyPage, TablesPage, UnitPage, VerificationPage, WatchPage,
};
use super::texts;
use super::view::frame::{Frame, Page, Reader};
use super::view::ranking::KeyFigure;
use super::view::{
    Facts, burden, domain, findings, indicator, method, quality, ranking, reconciliation, records, region, synergy, tables, today, unit,
    verification, watch,
};
use crate::error::{Context, Kind, Result};
use crate::library::scheme::composites::{BURDEN, SYNERGY};
use crate::scoring::tables::Unit;
use crate::side_by_side::side_by_side;
use crate::terms::UnitId;

/// A finished page and the place where it belongs, below `report/`.
pub struct Finished {
    /// `office/index.html`.
    pub path: String,
    /// Its text.
    pub html: String,
}

/// Where the pages for everybody begin.
const PUBLIC: &str = "public/";

/// What stands before the name of the run in the head of each page.
const RUN_AS_DATA: &str = "data-run=\"";

/// A page that is made when it is asked for.
type Ahead<'a> = Box<dyn Fn() -> Result<Finished> + Sync + 'a>;

fn pages_ahead<'a>(facts: &'a Facts<'a>) -> Vec<Ahead<'a>> {
    let mut pages: Vec<Ahead<'a>> = vec![
        Box::new(|| finished("office/index.html", &ranking_page(facts))),
        Box::new(|| finished("office/domains.html", &domains_page(facts))),
        Box::new(|| finished("office/regions.html", &regions_page(facts))),
        Box::new(|| finished("office/indicators.html", &indicators_page(facts))),
        Box::new(|| finished("office/findings.html", &findings_page(facts))),
        Box::new(|| finished("office/watch.html", &watch_page(facts))),
        Box::new(|| finished("office/synergy.html", &synergy_page(facts))),
        Box::new(|| finished("office/burden.html", &burden_page(facts))),
        Box::new(|| finished("office/reconciliation.html", &reconciliation_page(facts))),
        Box::new(|| finished("office/verification.html", &verification_page(facts))),
        Box::new(|| finished("office/quality.html", &quality_page(facts))),
        Box::new(|| finished("office/tables.html", &tables_page(facts))),
        Box::new(|| finished("office/method.html", &method_page(facts, Reader::Office))),
    ];
    pages.extend(public_pages_ahead(facts));
    for of in facts.domains() {
        pages.push(Box::new(move || finished(&format!("office/{}", ranking::domain_page(of)), &domain_page(facts, of))));
    }
    for of in facts.shown_indicators() {
        pages.push(Box::new(move || finished(&format!("office/{}", indicator::page_of(of.id.as_ref())), &indicator_page(facts, of, None))));
        for domain in indicator::domains_apart(facts, of) {
            let path = format!("office/{}", indicator::page_of_domain(of.id.as_ref(), domain));
            pages.push(Box::new(move || finished(&path, &indicator_page(facts, of, Some(domain)))));
        }
    }
    let regions = Arc::new(facts.regions());
    for code in regions.keys() {
        let (code, regions) = (code.clone(), Arc::clone(&regions));
        pages.push(Box::new(move || {
            let all = regions.keys().map(String::as_str).collect();
            finished(&format!("office/{}", region::page_of(&code)), &region_page(facts, &code, &regions[&code], &all))
        }));
    }
    for id in facts.assessed_units() {
        let name = file_name(id.as_ref());
        pages.push(Box::new(move || finished_unit_page(facts, id, Reader::Office, &format!("office/units/{name}.html"))));
        pages.push(Box::new(move || own_page(facts, id)));
    }
    pages
}

/// The pages that everybody may see.
fn public_pages_ahead<'a>(facts: &'a Facts<'a>) -> Vec<Ahead<'a>> {
    let mut pages: Vec<Ahead<'a>> = vec![
        Box::new(|| finished("public/index.html", &public_page(facts, None))),
        Box::new(|| finished("public/record.html", &record_page(facts))),
        Box::new(|| finished("public/method.html", &method_page(facts, Reader::Public))),
    ];
    for of in facts.domains().into_iter().filter(|_| is_short(facts)) {
        pages.push(Box::new(move || finished(&format!("public/{}", ranking::domain_page(of)), &public_page(facts, Some(of)))));
    }
    pages
}

/// Writes the public pages below `folder`, and no others.
///
/// # Errors
/// A folder that can't be written; a page with what no page may hold.
pub fn write_public(facts: &Facts, folder: &Path, threads: usize) -> Result<usize> {
    let written = side_by_side(&public_pages_ahead(facts), threads, |page| {
        let page = page()?;
        write_page(&page, &place_of(&page, folder)?)
    })?;
    Ok(written.len())
}

/// Writes each unit's own page below `folder`, and no others.
///
/// # Errors
/// As [`write_public`].
pub fn write_units(facts: &Facts, folder: &Path, threads: usize) -> Result<()> {
    side_by_side(&facts.assessed_units(), threads, |id| {
        let page = own_page(facts, id)?;
        write_page(&page, &place_of(&page, folder)?)
    })
    .map(drop)
}

/// The page of a unit, in its own tree.
fn own_page<'a>(facts: &Facts<'a>, id: &'a UnitId) -> Result<Finished> {
    finished_unit_page(facts, id, Reader::Unit, &format!("units/{}/index.html", file_name(id.as_ref())))
}

/// Where a page stands, whose folder is made.
fn place_of(page: &Finished, folder: &Path) -> Result<PathBuf> {
    let path = folder.join(&page.path);
    let parent = path.parent().expect("a page stands below the report's folder");
    fs::create_dir_all(parent).context(Kind::Environment, || format!("creating {}", parent.display()))?;
    Ok(path)
}

fn write_page(page: &Finished, path: &Path) -> Result<()> {
    fs::write(path, &page.html).context(Kind::Environment, || format!("writing {}", path.display()))
}

/// Makes every page and hands it to `take`, on at most `threads` threads and without keeping it: a province has thousands.
pub fn each_page<T: Send>(facts: &Facts, threads: usize, take: impl Fn(Finished) -> Result<T> + Sync) -> Result<Vec<T>> {
    side_by_side(&pages_ahead(facts), threads, |page| take(page()?))
}

/// What [`write_trees`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// All pages.
    pub pages: usize,
    /// Those of the run before, which say the same.
    pub unchanged: usize,
    /// Bytes of all pages.
    pub bytes: u64,
}

/// Writes every page below `folder`. A page that would differ from that of the run whose folder is `before` in the run's name alone
/// becomes a second name of the same file, if the disk can do that: copies to a server and backups then see nothing new, and the page
/// goes on naming the run that found these figures. Not so the few that everybody sees.
pub fn write_trees(facts: &Facts, folder: &Path, before: Option<&Path>, threads: usize) -> Result<Written> {
    // Pages of an earlier attempt at the same run may name units that are gone.
    if folder.exists() {
        fs::remove_dir_all(folder).context(Kind::Environment, || format!("removing {}", folder.display()))?;
    }
    let run = facts.input.run_id.as_ref();
    let pages = each_page(facts, threads, |page| {
        let path = place_of(&page, folder)?;
        // What everybody sees names one run, as the files beside it do.
        let before = before.filter(|_| !page.path.starts_with(PUBLIC));
        let is_linked = before.and_then(|before| says_the_same(&page, run, before)).is_some_and(|old| fs::hard_link(old, &path).is_ok());
        if !is_linked {
            write_page(&page, &path)?;
        }
        Ok((is_linked, page.html.len() as u64))
    })?;
    Ok(Written {
        pages: pages.len(),
        unchanged: pages.iter().filter(|(is_linked, _)| *is_linked).count(),
        bytes: pages.iter().map(|(_, bytes)| bytes).sum(),
    })
}

/// The page of the run before, where it says the same under the name of its own run.
fn says_the_same(page: &Finished, run: &str, before: &Path) -> Option<PathBuf> {
    let path = before.join("report").join(&page.path);
    let old = fs::read_to_string(&path).ok()?;
    // It may be older than the run before, which then said the same as well.
    let named = old.split_once(RUN_AS_DATA)?.1.split_once('"')?.0;
    (old.replace(named, run) == page.html).then_some(path)
}

/// Bytes that no page should pass: a phone has to lay it out.
pub const LARGEST_PAGE: usize = 1_000_000;

/// End tags that HTML lets out where the next cell or row begins, and at the end of a table (HTML Living Standard 13.1.2.4); with the end of their line, which
/// would be a text of the cell.
const LET_OUT: [&str; 6] = ["</td>\n", "</td>", "</th>\n", "</th>", "</tr>\n", "</tr>"];

fn finished(path: &str, page: &impl Template) -> Result<Finished> {
    let mut html = page.render().context(Kind::Bug, || format!("rendering {path}"))?;
    guard::check_page(path, &html)?;
    if html.len() > LARGEST_PAGE {
        html = LET_OUT.iter().fold(html, |html, tag| html.replace(tag, ""));
    }
    Ok(Finished { path: path.to_owned(), html })
}

/// A unit's page with as many of its records as it has room for; with all that pages list, where it would be too large without them as well.
fn finished_unit_page<'a>(facts: &Facts<'a>, id: &'a UnitId, reader: Reader, path: &str) -> Result<Finished> {
    let [most, fewer @ ..] = records::RECORDS_OF_A_UNIT;
    let whole = finished(path, &unit_page(facts, id, reader, most))?;
    if whole.html.len() <= LARGEST_PAGE {
        return Ok(whole);
    }
    for most in fewer {
        let page = finished(path, &unit_page(facts, id, reader, most))?;
        if page.html.len() <= LARGEST_PAGE {
            return Ok(page);
        }
    }
    Ok(whole)
}

fn minimum_n(facts: &Facts) -> String {
    texts::ranking_rule(&facts.input.scheme.minimum)
}

fn class_heads(facts: &Facts) -> Vec<KeyFigure> {
    let class =
        |node: &NodeView| KeyFigure { label: Text::of(&node.title), figure: numbers::points(node.points), href: None, alert: false };
    facts.classes().map(class).collect()
}

fn domains_page(facts: &Facts) -> DomainsPage {
    DomainsPage { frame: Frame::of(facts, Reader::Office, Page::Domains, Text::of(texts::TITLE_DOMAINS)), rows: domain::list(facts) }
}

fn domain_page(facts: &Facts, of: &str) -> DomainPage {
    DomainPage {
        frame: Frame::of(facts, Reader::Office, Page::Domain, Text::of(texts::domain(of))),
        classes: class_heads(facts),
        has_previous: facts.input.previous.is_some(),
        view: domain::page(facts, of),
    }
}

fn regions_page(facts: &Facts) -> RegionsPage {
    RegionsPage { frame: Frame::of(facts, Reader::Office, Page::Regions, Text::of(texts::TITLE_REGIONS)), rows: region::list(facts) }
}

fn region_page(facts: &Facts, code: &str, units: &[&Unit], all: &BTreeSet<&str>) -> RegionPage {
    RegionPage {
        heads: synergy::part_heads(),
        frame: Frame::of(facts, Reader::Office, Page::Region, facts.region_name(code)),
        classes: class_heads(facts),
        has_previous: facts.input.previous.is_some(),
        view: region::page(facts, code, units, all),
    }
}

fn indicators_page(facts: &Facts) -> IndicatorsPage {
    IndicatorsPage {
        frame: Frame::of(facts, Reader::Office, Page::Indicators, Text::of(texts::TITLE_INDICATORS)),
        indicators: indicator::list(facts, "", None),
    }
}

fn indicator_page<'a>(facts: &Facts<'a>, of: &'a SchemeIndicator, domain: Option<&str>) -> IndicatorPage {
    let header = facts.input.indicators.get(&of.id);
    IndicatorPage {
        frame: Frame::of(facts, Reader::Office, Page::Indicator, indicator::title(header, of)),
        view: indicator::page(facts, of, domain),
    }
}

/// With more objects than this the first page shows the groups alone.
const OBJECTS_ON_FIRST_PAGE: usize = 300;

fn is_short(facts: &Facts) -> bool {
    facts.ranks().count() > OBJECTS_ON_FIRST_PAGE
}

fn ranking_page(facts: &Facts) -> RankingPage {
    let previous = facts.input.previous.as_ref();
    RankingPage {
        frame: Frame::of(facts, Reader::Office, Page::Ranking, Text::of(texts::TITLE_RANKING)),
        figures: ranking::key_figures(facts),
        grades: ranking::grades(facts),
        tasks: today::tasks(facts),
        news: today::news(facts),
        classes: class_heads(facts),
        minimum_n: minimum_n(facts),
        compared: previous.and_then(|run| run.as_of).map_or_else(String::new, |date| texts::compared_with(&date.to_string())),
        has_previous: previous.is_some(),
        groups: ranking::groups(facts, "", |_| true),
        is_short: is_short(facts),
        index: if is_short(facts) { ranking::index(facts) } else { Vec::new() },
    }
}

fn public_page<'a>(facts: &Facts<'a>, domain: Option<&str>) -> PublicPage<'a> {
    let title = domain.map_or_else(|| texts::TITLE_RANKING.to_owned(), |domain| texts::ranking_of(texts::domain(domain)));
    PublicPage {
        frame: Frame::of(facts, Reader::Public, if domain.is_some() { Page::Domain } else { Page::Ranking }, Text::of(&title)),
        up: if domain.is_some() { "../" } else { "" },
        is_short: domain.is_none() && is_short(facts),
        minimum_n: minimum_n(facts),
        groups: ranking::public_groups(facts, domain),
    }
}

fn record_page<'a>(facts: &Facts<'a>) -> RecordPage<'a> {
    let title = texts::record_of(&texts::period(&facts.input.period));
    let mut groups = ranking::public_groups(facts, None);
    let notes = ranking::take_notes(&mut groups);
    RecordPage {
        frame: Frame::of(facts, Reader::Public, Page::Ranking, Text::of(&title)),
        edition: ranking::edition(facts),
        minimum_n: minimum_n(facts),
        groups,
        notes,
        sections: method::method(facts, false).sections,
    }
}

fn unit_page<'a>(facts: &Facts<'a>, id: &'a UnitId, reader: Reader, most_records: usize) -> UnitPage {
    let office = reader == Reader::Office;
    UnitPage {
        frame: Frame::of(facts, reader, Page::Unit, facts.unit_name(id)),
        unit: unit::unit_view(facts, id, reader, most_records),
        heads: synergy::part_heads(),
        group_href: if office { "../index.html".to_owned() } else { String::new() },
        with_findings: office,
    }
}

fn tables_page(facts: &Facts) -> TablesPage {
    TablesPage { frame: Frame::of(facts, Reader::Office, Page::Tables, Text::of(texts::TITLE_TABLES)), rows: tables::rows(facts) }
}

fn findings_page(facts: &Facts) -> FindingsPage {
    FindingsPage { frame: Frame::of(facts, Reader::Office, Page::Findings, Text::of(texts::PAGE_FINDINGS)), view: findings::view(facts) }
}

fn watch_page(facts: &Facts) -> WatchPage {
    WatchPage { frame: Frame::of(facts, Reader::Office, Page::Watch, Text::of(texts::PAGE_WATCH)), view: watch::view(facts) }
}

fn synergy_page(facts: &Facts) -> SynergyPage {
    SynergyPage {
        frame: Frame::of(facts, Reader::Office, Page::Synergy, Text::of(texts::TITLE_SYNERGY)),
        heads: synergy::part_heads(),
        scale: synergy::scale(),
        held: held(facts, SYNERGY),
        domains: synergy::domains(facts),
    }
}

fn held(facts: &Facts, composite: &str) -> String {
    let since = |item: &HeldItem| texts::held_since(item.since.map(|date| date.to_string()).as_deref());
    facts.held(composite).map_or_else(String::new, since)
}

fn burden_page(facts: &Facts) -> BurdenPage {
    BurdenPage {
        frame: Frame::of(facts, Reader::Office, Page::Burden, Text::of(texts::TITLE_BURDEN)),
        held: held(facts, BURDEN),
        scopes: burden::scopes(facts),
    }
}

fn reconciliation_page(facts: &Facts) -> ReconciliationPage {
    ReconciliationPage {
        frame: Frame::of(facts, Reader::Office, Page::Reconciliation, Text::of(texts::TITLE_RECONCILIATION)),
        view: reconciliation::reconciliation(facts),
    }
}

fn verification_page(facts: &Facts) -> VerificationPage {
    VerificationPage {
        frame: Frame::of(facts, Reader::Office, Page::Verification, Text::of(texts::TITLE_VERIFICATION)),
        view: verification::verification(facts),
    }
}

fn method_page(facts: &Facts, reader: Reader) -> MethodPage {
    MethodPage {
        frame: Frame::of(facts, reader, Page::Method, Text::of(texts::TITLE_METHOD)),
        view: method::method(facts, reader == Reader::Office),
    }
}

fn quality_page(facts: &Facts) -> QualityPage {
    QualityPage { frame: Frame::of(facts, Reader::Office, Page::Quality, Text::of(texts::PAGE_QUALITY)), view: quality::quality(facts) }
}
