//! What every page shares: title band, navigation, foot.
//!
//! In: [`Facts`], the page, the reader. Out: [`Frame`]. Never here: figures.

use std::sync::LazyLock;

use base64::prelude::{BASE64_STANDARD, Engine};
use sha2::{Digest, Sha256};

use super::Facts;
use crate::report::input::{Edition, ReportInput};
use crate::report::names::Text;
use crate::report::texts;
use crate::scoring::difference::RunSide;

/// Who reads a tree of pages; nothing crosses from one to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// The supervision office: everything.
    Office,
    /// One unit: its own figures, no findings, no peers by name.
    Unit,
    /// Everybody: rankings.
    Public,
}

/// The pages of the office's tree that the navigation lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// First page.
    Ranking,
    /// Domains.
    Domains,
    /// A domain's page: below the list.
    Domain,
    /// Counties and cities.
    Regions,
    /// A region's page: below the list.
    Region,
    /// Indicators.
    Indicators,
    /// An indicator's page: below the list.
    Indicator,
    /// Patterns for a reviewer.
    Findings,
    /// What changed at a unit, month by month.
    Watch,
    /// Co-operation between regions.
    Synergy,
    /// Burden on enterprises.
    Burden,
    /// The units' systems and the platform.
    Reconciliation,
    /// What was claimed and what was confirmed.
    Verification,
    /// Where every record went.
    Quality,
    /// Every result table for Excel.
    Tables,
    /// How every number comes about.
    Method,
    /// A unit's page: below the first one.
    Unit,
}

impl Page {
    const LISTED: [Self; 13] = [
        Self::Ranking,
        Self::Domains,
        Self::Regions,
        Self::Indicators,
        Self::Findings,
        Self::Watch,
        Self::Synergy,
        Self::Burden,
        Self::Reconciliation,
        Self::Verification,
        Self::Quality,
        Self::Tables,
        Self::Method,
    ];

    /// Its file in the office's tree.
    pub fn file(self) -> &'static str {
        match self {
            Self::Ranking | Self::Unit => "index.html",
            Self::Domains | Self::Domain => "domains.html",
            Self::Regions | Self::Region => "regions.html",
            Self::Indicators | Self::Indicator => "indicators.html",
            Self::Findings => "findings.html",
            Self::Watch => "watch.html",
            Self::Synergy => "synergy.html",
            Self::Burden => "burden.html",
            Self::Reconciliation => "reconciliation.html",
            Self::Verification => "verification.html",
            Self::Quality => "quality.html",
            Self::Tables => "tables.html",
            Self::Method => "method.html",
        }
    }

    /// It stands in a folder of its own kind.
    fn is_below(self) -> bool {
        matches!(self, Self::Unit | Self::Domain | Self::Region | Self::Indicator)
    }

    fn title(self) -> &'static str {
        match self {
            Self::Ranking | Self::Unit => texts::PAGE_RANKING,
            Self::Domains | Self::Domain => texts::DOMAIN,
            Self::Regions | Self::Region => texts::PAGE_REGIONS,
            Self::Indicators | Self::Indicator => texts::INDICATOR,
            Self::Findings => texts::PAGE_FINDINGS,
            Self::Watch => texts::PAGE_WATCH,
            Self::Synergy => texts::PAGE_SYNERGY,
            Self::Burden => texts::PAGE_BURDEN,
            Self::Reconciliation => texts::PAGE_RECONCILIATION,
            Self::Verification => texts::PAGE_VERIFICATION,
            Self::Quality => texts::PAGE_QUALITY,
            Self::Tables => texts::PAGE_TABLES,
            Self::Method => texts::PAGE_METHOD,
        }
    }
}

/// Characters of a hash that a page shows: enough to tell two apart, short enough to read out.
const HASH_SHOWN: usize = 12;

/// A hash as a page shows it.
pub fn shown_hash(hash: &str) -> &str {
    hash.get(..HASH_SHOWN).unwrap_or(hash)
}

/// One figure for all versions of the lake that were read.
pub fn data_digest(input: &ReportInput) -> String {
    let mut hasher = blake3::Hasher::new();
    for (table, version) in &input.lake_versions {
        hasher.update(format!("{table}@{version}\n").as_bytes());
    }
    hasher.finalize().to_hex()[..HASH_SHOWN].to_owned()
}

/// One entry of the navigation.
#[derive(Debug, Clone)]
pub struct NavigationItem {
    /// Words.
    pub label: &'static str,
    /// Relative address.
    pub href: String,
    /// True for the page that is open.
    pub current: bool,
}

/// The stylesheet, written into every page.
#[derive(Debug, Clone, Copy)]
pub struct Style(&'static str);

impl std::fmt::Display for Style {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

// A constant of this crate, never data.
impl askama::filters::HtmlSafe for Style {}

/// The script, written into every page: sorting and finding.
#[derive(Debug, Clone, Copy)]
pub struct Script {
    /// What the page's policy lets run: this script and no other.
    pub hash: &'static str,
}

impl Script {
    fn of_every_page() -> Self {
        static HASH: LazyLock<String> =
            LazyLock::new(|| format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(crate::report::SCRIPT))));
        Self { hash: &HASH }
    }
}

impl std::fmt::Display for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", crate::report::guard::script_element())
    }
}

// A constant of this crate, never data.
impl askama::filters::HtmlSafe for Script {}

/// Title band, navigation and foot of one page.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Stylesheet.
    pub style: Style,
    /// Sorting and finding.
    pub script: Script,
    /// Name of the assessment.
    pub assessment: Text,
    /// What the project says of every page; empty when it says nothing.
    pub notice: Text,
    /// Title of the page; of the tab too.
    pub title: Text,
    /// Title of the scheme.
    pub scheme: Text,
    /// Period.
    pub period: Text,
    /// As-of date in words.
    pub until: String,
    /// Run.
    pub run: Text,
    /// Version of kaohe.
    pub engine: Text,
    /// Beginning of the scheme's hash.
    pub scheme_hash: Text,
    /// A digest of the lake's versions; the page of data quality lists them.
    pub data: String,
    /// Whose pages these are, and of which edition.
    pub reader: Text,
    /// What every printed page says at its top, left and right, as texts of a stylesheet.
    pub printed_left: StyleText,
    /// The right one.
    pub printed_right: StyleText,
    /// Navigation; empty outside the office's tree.
    pub navigation: Vec<NavigationItem>,
}

/// Words within the quotation marks of a stylesheet.
#[derive(Debug, Clone)]
pub struct StyleText(String);

impl StyleText {
    /// Everything but letters, digits and a few marks is written by its code point, so that nothing can end the text.
    fn of(words: &str) -> Self {
        let is_plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '.' | '·' | '（' | '）' | '、' | '，' | '：');
        let escaped = words.chars().map(|c| if is_plain(c) { c.to_string() } else { format!("\\{:x} ", c as u32) });
        Self(escaped.collect())
    }
}

impl std::fmt::Display for StyleText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

// Only what `of` lets through, and code points.
impl askama::filters::HtmlSafe for StyleText {}

/// Whose pages these are, with the edition of which they are.
fn of_edition(reader: &str, edition: Option<&Edition>) -> Text {
    let label = edition.map(|edition| texts::edition_label(edition.number, &edition.final_on));
    Text::of(&label.map_or_else(|| reader.to_owned(), |label| format!("{reader} · {label}")))
}

impl Frame {
    /// The frame of a page about two runs: the period, date and scheme are those of the later one.
    pub fn of_two_runs(before: &RunSide, after: &RunSide) -> Self {
        Self {
            style: Style(crate::report::STYLE),
            script: Script::of_every_page(),
            assessment: Text::of(texts::TITLE_DIFFERENCE),
            notice: Text::default(),
            title: Text::of(texts::TITLE_DIFFERENCE),
            scheme: Text::of(&after.scheme),
            period: Text::of(&after.period),
            until: after.as_of.clone(),
            run: Text::of(&texts::before_and_after(&before.run, &after.run)),
            engine: Text::of(&after.engine),
            scheme_hash: Text::of(shown_hash(&after.scheme_hash)),
            data: texts::NONE.to_owned(),
            printed_left: StyleText::of(texts::TITLE_DIFFERENCE),
            printed_right: StyleText::of(&texts::before_and_after(&before.run, &after.run)),
            reader: Text::of(texts::READER_OFFICE),
            navigation: Vec::new(),
        }
    }

    /// The frame of `page` for `reader`; `title` is its heading.
    pub fn of(facts: &Facts, reader: Reader, page: Page, title: Text) -> Self {
        let input = facts.input;
        let scheme_hash = shown_hash(&input.scheme.hash);
        let printed_title = title.to_string();
        let up = if page.is_below() { "../" } else { "" };
        let item = |listed: Page| NavigationItem { label: listed.title(), href: format!("{up}{}", listed.file()), current: listed == page };
        Self {
            style: Style(crate::report::STYLE),
            script: Script::of_every_page(),
            assessment: Text::of(&input.assessment),
            notice: Text::of(&input.notice),
            title,
            scheme: Text::of(&input.scheme.title),
            period: Text::of(&texts::period(&input.period)),
            until: texts::until(input.as_of),
            run: Text::of(input.run_id.as_ref()),
            engine: Text::of(&input.engine_version),
            scheme_hash: Text::of(scheme_hash),
            data: data_digest(input),
            printed_left: StyleText::of(Text::of(&texts::printed_left(&printed_title, &input.assessment, &input.scheme.title)).as_str()),
            printed_right: StyleText::of(&texts::printed_right(&texts::until(input.as_of), input.run_id.as_ref(), scheme_hash)),
            reader: match (reader, &input.edition) {
                (Reader::Office, _) => Text::of(texts::READER_OFFICE),
                (Reader::Unit, edition) => of_edition(texts::READER_UNIT, edition.as_ref()),
                (Reader::Public, edition) => of_edition(texts::READER_PUBLIC, edition.as_ref()),
            },
            navigation: if reader == Reader::Office { Page::LISTED.map(item).to_vec() } else { Vec::new() },
        }
    }
}
