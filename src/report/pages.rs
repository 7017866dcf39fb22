//! Templates bound to their view models: what a template may name is what stands in its struct.
//!
//! In: view models. Out: the text of a page. Never here: decisions. A template writes its texts from the catalogue
//! ([`super::texts`]) and its data as [`Text`](super::names::Text), which askama escapes.

use askama::Template;

use super::names::Text;
use super::texts;
use super::view::burden::ScopeView;
use super::view::domain::{DomainPageView, DomainRow};
use super::view::findings::FindingsView;
use super::view::frame::Frame;
use super::view::indicator::{IndicatorPageView, ListRow};
use super::view::method::{MethodView, SectionView};
use super::view::quality::QualityView;
use super::view::ranking::{EditionView, Group, KeyFigure, PublicGroup, UnitLine};
use super::view::reconciliation::ReconciliationView;
use super::view::region::{ListedRegion, RegionPageView};
use super::view::synergy::{DomainView, PartHead, ScaleStep};
use super::view::tables::TableRow;
use super::view::today::Task;
use super::view::unit::UnitView;
use super::view::verification::VerificationView;
use super::view::watch::WatchView;

/// First page of the office's tree.
#[derive(Template)]
#[template(config = "src/report/templates/askama.toml", path = "ranking.html")]
pub struct RankingPage {
    /// Title band.
    pub frame: Frame,
    /// Figures at the head.
    pub figures: Vec<KeyFigure>,
    /// What needs a person.
    pub tasks: Vec<Task>,
    /// What has changed since the run before.
    pub news: Vec<Task>,
    /// Objects by grade.
    pub grades: Vec<KeyFigure>,
    /// Classes of the scheme with their points: heads of columns.
    pub classes: Vec<KeyFigure>,
    /// From how many cases on a rate is ranked.
    pub minimum_n: String,
    /// What "the run before" is.
    pub compared: String,
    /// There is a run before.
    pub has_previous: bool,
    /// Peer groups.
    pub groups: Vec<Group>,
    /// Their objects stand on the pages of their domains: there are too many for one page.
    pub is_short: bool,
    /// Then all units in a line each; empty where even that would be too much.
    pub index: Vec<UnitLine>,
}

/// Domains of the office's tree.
#[derive(Template)]
#[template(config = "src/report/templates/askama.toml", path = "domains.html")]
pub struct DomainsPage {
    /// Title band.
    pub frame: Frame,
    /// Domains.
    pub rows: Vec<DomainRow>,
}

/// A domain's page.
#[derive(Template)]
#[template(config = "src/report/templates/askama.toml", path = "domain.html")]
pub struct DomainPage {
    /// Title band.
    pub frame: Frame,
    /// Classes of the scheme with their points: heads of columns.
    pub classes: Vec<KeyFigure>,
    /// There is a run before.
    pub has_previous: bool,
    /// Everything on the page.
    pub view: DomainPageView,
}

/// Regions of the office's tree.
#[derive(Template)]
#[template(config = "src/report/templates/askama.toml", path = "regions.html")]
pub struct RegionsPage {
    /// Title band.
    pub frame: Frame,
    /// Regions.
    pub rows: Vec<ListedRegion>,
}

/// A region's page.
#[derive(Template)]
#[template(config = "src/report/templates/askama.toml", path = "region.html")]
pub struct RegionPage {
    /// Heads of the synergy parts.
    pub heads: Vec<PartHead>,
    /// Title band.
    pub frame: Frame,
    /// Classes of the scheme with their points: heads of columns.
    pub classes: Vec<KeyFigure>,
    /// There is a run before.
    pub has_previous: bool,
    /// Everything on the page.
    pub view: RegionPageView,
}

/// The files of every result table.
#[derive(Template)]
#[template(config = "src/report/templates/askama.toml", path = "tables.html")]
pub struct TablesPage {
    /// Title band.
    pub frame: Frame,
    /// Tables.
    pub rows: Vec<TableRow>,
}

/// Indicators of the office's tree.
#[derive(Template)]
#[template(config = "src/report/templates/askama.toml", path = "indicators.html")]
pub struct IndicatorsPage {
    /// Title band.
    pub frame: Frame,
    /// Indicators.
    pub indicators: Vec<ListRow>,
}

/// An indicator's page.
#[derive(Template)]
#[template(config = "src/report/templates/askama.toml", path = "indicator.html")]
pub struct IndicatorPage {
    /// Title band.
    pub frame: Frame,
    /// Everything on the page.
    pub view: IndicatorPageView,
}

/// The public tree's first page, and those of its domains where objects are too many for one.
#[derive(Template)]
#[template(config = "src/report/templates/askama.toml", path = "public.html")]
pub struct PublicPage<'a> {
    /// Title band.
    pub frame: Frame,
    /// From this page to the first one.
    pub up: &'static str,
    /// Objects stand on the pages of their domains.
    pub is_short: bool,
    /// From how many cases on a rate is ranked.
    pub minimum_n: String,
    /// Peer groups.
    pub groups: Vec<PublicGroup<'a>>,
}

/// The ranking as a document of record: to be printed, filed, cited.
#[derive(Template)]
#[template(config = "src/report/templates/askama.toml", path = "record.html")]
pub struct RecordPage<'a> {
    /// Title band.
    pub frame: Frame,
    /// What a signed edition says of itself; none of a run.
    pub edition: Option<EditionView>,
    /// From how many cases on a rate is ranked.
    pub minimum_n: String,
    /// Peer groups.
    pub groups: Vec<PublicGroup<'a>>,
    /// Why nothing is said of some rows, by the mark that stands there.
    pub notes: Vec<(String, Text)>,
    /// How every number comes about, in sentences.
    pub sections: Vec<SectionView>,
}

/// A unit's page.
#[derive(Template)]
#[template(config = "src/report/templates/askama.toml", path = "unit.html")]
pub struct UnitPage {
    /// Title band.
    pub frame: Frame,
    /// The unit.
    pub unit: UnitView,
    /// Heads of the columns of the region's own side.
    pub heads: Vec<PartHead>,
    /// Back to the ranking; empty outside the office's tree.
    pub group_href: String,
    /// The office's tree shows findings, and says so when there are none.
    pub with_findings: bool,
}

/// Patterns for a reviewer.
#[derive(Template)]
#[template(config = "src/report/templates/askama.toml", path = "findings.html")]
pub struct FindingsPage {
    /// Title band.
    pub frame: Frame,
    /// Everything on the page.
    pub view: FindingsView,
}

/// What changed at a unit, month by month.
#[derive(Template)]
#[template(config = "src/report/templates/askama.toml", path = "watch.html")]
pub struct WatchPage {
    /// Title band.
    pub frame: Frame,
    /// Everything on the page.
    pub view: WatchView,
}

/// Co-operation between regions.
#[derive(Template)]
#[template(config = "src/report/templates/askama.toml", path = "synergy.html")]
pub struct SynergyPage {
    /// Title band.
    pub frame: Frame,
    /// Heads of the parts' columns.
    pub heads: Vec<PartHead>,
    /// Colour scale.
    pub scale: Vec<ScaleStep>,
    /// That the figures are those of an earlier run; empty when they are not.
    pub held: String,
    /// Domains.
    pub domains: Vec<DomainView>,
}

/// Burden on enterprises.
#[derive(Template)]
#[template(config = "src/report/templates/askama.toml", path = "burden.html")]
pub struct BurdenPage {
    /// Title band.
    pub frame: Frame,
    /// That the figures are those of an earlier run; empty when they are not.
    pub held: String,
    /// Scopes.
    pub scopes: Vec<ScopeView>,
}

/// The units' systems and the platform beside each other.
#[derive(Template)]
#[template(config = "src/report/templates/askama.toml", path = "reconciliation.html")]
pub struct ReconciliationPage {
    /// Title band.
    pub frame: Frame,
    /// Everything on the page.
    pub view: ReconciliationView,
}

/// What was claimed, and what four ways of checking confirmed.
#[derive(Template)]
#[template(config = "src/report/templates/askama.toml", path = "verification.html")]
pub struct VerificationPage {
    /// Title band.
    pub frame: Frame,
    /// Everything on the page.
    pub view: VerificationView,
}

/// How every number comes about.
#[derive(Template)]
#[template(config = "src/report/templates/askama.toml", path = "method.html")]
pub struct MethodPage {
    /// Title band.
    pub frame: Frame,
    /// Everything on the page.
    pub view: MethodView,
}

/// Where every record went.
#[derive(Template)]
#[template(config = "src/report/templates/askama.toml", path = "quality.html")]
pub struct QualityPage {
    /// Title band.
    pub frame: Frame,
    /// Everything on the page.
    pub view: QualityView,
}
