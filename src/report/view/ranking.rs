//! The first page of the office's tree, and the public page: rankings by peer group.
//!
//! In: rank rows and class scores. Out: groups with their rows, in the order of the rank table. Never here: ranks of its own; the
//! public rows have no place for anything but name, rank, what chance leaves open of it and what may be said of it, total, grade and the reason why there is no rank.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::Facts;
use super::facts::Object;
use crate::report::input::{ChangedFigure, NodeView};
use crate::report::names::{Text, file_name};
use crate::report::numbers;
use crate::report::svg::{self, Dot, Svg};
use crate::report::texts;
use crate::scoring::tables::Rank;
use crate::statistics::ranks::{RankStatement, comparison};
use crate::terms::{IndicatorId, UnitId};

/// A figure with its label.
#[derive(Debug, Clone)]
pub struct KeyFigure {
    /// Label.
    pub label: Text,
    /// Figure.
    pub figure: String,
    /// Where it is explained.
    pub href: Option<&'static str>,
    /// True when somebody should look at it.
    pub alert: bool,
}

/// One peer group of the office's page.
#[derive(Debug, Clone)]
pub struct Group {
    /// Anchor on the page.
    pub anchor: String,
    /// Name.
    pub title: Text,
    /// Objects in it.
    pub members: String,
    /// Distribution of the totals.
    pub strip: Svg,
    /// Highest total.
    pub highest: String,
    /// Median total.
    pub median: String,
    /// Lowest total.
    pub lowest: String,
    /// Objects, ranked ones first.
    pub rows: Vec<Row>,
    /// So many that a line each must do: no bars.
    pub is_long: bool,
    /// The page of its domain, where all of it stands.
    pub domain: String,
}

/// One assessed object of the office's page.
#[derive(Debug, Clone)]
pub struct Row {
    /// Rank; empty without one.
    pub rank: String,
    /// Ranks that chance leaves open.
    pub open: Open,
    /// Unit.
    pub unit: Text,
    /// Its page.
    pub href: Option<String>,
    /// Region.
    pub region: Text,
    /// Total.
    pub total: String,
    /// Total as a bar.
    pub bar: Svg,
    /// Total and rank without what is switched on for some only, where that changes a rank of the group.
    pub unswitched: String,
    /// Grade.
    pub grade: Text,
    /// The grade rests on too little to stay.
    pub provisional: bool,
    /// Classes in the scheme's order.
    pub classes: Vec<ClassCell>,
    /// Against the run before.
    pub moved: Moved,
    /// Why there is no rank.
    pub withheld: Text,
}

/// Ranks that chance leaves open; all empty where there are none.
#[derive(Debug, Clone, Default)]
pub struct Open {
    /// `2–5`.
    pub ranks: String,
    /// The same on the scale of the group's ranks, with the rank itself.
    pub bar: Svg,
    /// The same in a sentence, and where the total stands to the mean of the peers.
    pub words: String,
}

impl Open {
    /// What chance leaves open of an object's rank.
    pub fn of(rank: &Rank) -> Self {
        let Some((open, place)) = rank.uncertainty.zip(rank.rank) else { return Self::default() };
        let (best, worst) = (open.interval.best, open.interval.worst);
        let words = texts::rank_open(best, worst, (open.set.best, open.set.worst), open.band);
        let last = Decimal::from(rank.ranked_units.max(2));
        let at = |rank: u32| numbers::place(Decimal::from(rank), Decimal::ONE, last);
        Self {
            ranks: texts::rank_interval(best, worst),
            bar: svg::interval(at(place), Some((at(best), at(worst))), None, None, &words),
            words,
        }
    }
}

/// A class in a ranking row.
#[derive(Debug, Clone)]
pub struct ClassCell {
    /// Title.
    pub title: Text,
    /// Points earned.
    pub earned: String,
    /// Score as a bar.
    pub bar: Svg,
}

/// The change of a rank.
#[derive(Debug, Clone, Default)]
pub struct Moved {
    /// `▲2`.
    pub sign: String,
    /// The same in words.
    pub words: String,
    /// `up`, `down`, `same` or nothing: a class of the stylesheet.
    pub tone: &'static str,
}

/// One peer group of the public page.
#[derive(Debug, Clone)]
pub struct PublicGroup<'a> {
    /// Anchor on the page.
    pub anchor: String,
    /// Name.
    pub title: Text,
    /// Objects in it.
    pub members: String,
    /// So many that a line each must do.
    pub is_long: bool,
    /// The page of its domain, where all of it stands.
    pub domain: String,
    /// Objects.
    pub rows: Vec<PublicRow<'a>>,
}

/// One assessed object of the public pages: these fields and no other.
#[derive(Debug, Clone)]
pub struct PublicRow<'a> {
    /// Rank.
    pub rank: String,
    /// Ranks that chance leaves open.
    pub open: Open,
    /// Unit.
    pub unit: Text,
    /// Total.
    pub total: String,
    /// Grade.
    pub grade: Text,
    /// The grade rests on too little to stay.
    pub provisional: bool,
    /// Why there is no rank.
    pub withheld: Text,
    /// What may be said of it beside its peers; empty without a rank.
    pub allowed: String,
    /// Half of the total's interval.
    pub half_width: String,
    /// Ranks that hold for the whole group at once.
    pub set: String,
    /// Those than which it may be called better.
    pub better: String,
    /// The row that it tells of.
    pub of: &'a Rank,
}

/// Where a group stands on the page: domain, tier and size in the order that officials expect, then its name.
pub type GroupOrder<'a> = ([usize; 3], &'a str);

/// Where a peer group stands among all.
pub fn group_order(peer_group: &str) -> GroupOrder<'_> {
    const ORDER: [&[&str]; 3] =
        [&["market", "urban", "eco", "transport", "emergency"], &["province", "city", "county", "township"], &["large", "medium", "small"]];
    let place = |words: &[&str]| words.iter().position(|word| peer_group.split(" · ").any(|part| part == *word)).unwrap_or(words.len());
    (ORDER.map(place), peer_group)
}

/// Rank rows by peer group; inside a group by rank, those without one last, then by name.
fn by_group<'a>(facts: &Facts<'a>) -> BTreeMap<GroupOrder<'a>, Vec<&'a Rank>> {
    let mut groups: BTreeMap<GroupOrder, Vec<&Rank>> = BTreeMap::new();
    for rank in facts.ranks() {
        groups.entry(group_order(&rank.peer_group)).or_default().push(rank);
    }
    for ranks in groups.values_mut() {
        ranks.sort_by_cached_key(|rank| {
            // Who is not ranked stands in no order but that of names.
            (rank.rank.unwrap_or(u32::MAX), std::cmp::Reverse(rank.rank.and(rank.total)), facts.unit_name(&rank.unit), &rank.unit)
        });
    }
    groups
}

/// A total as the scheme publishes it.
pub fn total(facts: &Facts, total: Option<Decimal>) -> String {
    total.map_or_else(|| texts::NONE.to_owned(), |total| numbers::fixed(total, facts.input.scheme.decimals))
}

/// A unit in the index of the first page.
#[derive(Debug, Clone)]
pub struct UnitLine {
    /// Name.
    pub unit: Text,
    /// Its page.
    pub href: String,
    /// Its ranks with what chance leaves open of them, a domain after the other.
    pub ranks: String,
}

/// More lines than this make a page of more than a megabyte, in most of them a name, an address and two ranks.
const LINES_IN_INDEX: usize = 4_000;

/// All assessed units, a line each; none of them where they are too many.
pub fn index(facts: &Facts) -> Vec<UnitLine> {
    let units = facts.assessed_units();
    if units.len() > LINES_IN_INDEX {
        return Vec::new();
    }
    let of_object = |object: &Object| {
        let rank = facts.rank(*object);
        let place = rank.and_then(|rank| rank.rank).map_or_else(|| texts::NOT_RANKED.to_owned(), texts::place);
        texts::rank_in_index(texts::domain(object.1), &place, &rank.map_or_else(Open::default, Open::of).ranks)
    };
    let line = |id: &UnitId| UnitLine {
        unit: facts.unit_name(id),
        href: format!("units/{}.html", file_name(id.as_ref())),
        ranks: facts.objects_of(id).iter().map(of_object).collect::<Vec<_>>().join(texts::LIST_SEPARATOR),
    };
    units.into_iter().map(line).collect()
}

fn rank_text(rank: &Rank) -> String {
    rank.rank.map_or_else(|| texts::NONE.to_owned(), |rank| rank.to_string())
}

fn withheld(rank: &Rank) -> Text {
    Text::of(rank.withheld.as_deref().map_or("", texts::withheld))
}

/// True when what keeps the rank back leaves the grade uncertain as well.
pub fn is_provisional(rank: &Rank) -> bool {
    rank.grade.is_some() && rank.withheld.as_deref().is_some_and(texts::is_uncertain)
}

/// The change of an object's rank against the run before.
pub fn moved(facts: &Facts, rank: &Rank) -> Moved {
    let Some((now, before)) = rank
        .rank
        .zip(facts.input.previous.as_ref().and_then(|previous| previous.ranks.get(&(rank.unit.clone(), rank.domain.clone())).copied()))
    else {
        return Moved::default();
    };
    let places = i64::from(before) - i64::from(now);
    let (sign, tone) = match places {
        0 => (texts::UNMOVED.to_owned(), "same"),
        up if up > 0 => (format!("\u{25b2}{up}"), "up"),
        down => (format!("\u{25bc}{}", -down), "down"),
    };
    Moved { sign, words: texts::moved_words(places), tone }
}

/// The middle of sorted figures; the mean of the two middle ones when their number is even.
pub fn median(sorted: &[Decimal]) -> Option<Decimal> {
    let count = sorted.len();
    let upper = *sorted.get(count / 2)?;
    Some(if count % 2 == 1 { upper } else { (upper + sorted[count / 2 - 1]) / Decimal::TWO })
}

/// What may be said of the object beside each ranked one of its group, by sets that hold for the whole group at once; nothing where there are no sets.
fn said_of<'r>(rank: &Rank, peers: &[&'r Rank]) -> Vec<(&'r Rank, RankStatement)> {
    let set = |rank: &Rank| rank.uncertainty.map(|open| open.set);
    let Some(own) = set(rank) else { return Vec::new() };
    let is_other = |peer: &&&Rank| peer.rank.is_some() && (&peer.unit, &peer.domain) != (&rank.unit, &rank.domain);
    let said = |peer: &&'r Rank| Some((*peer, comparison(&[own, set(peer)?], 0, 1)?));
    peers.iter().filter(is_other).filter_map(said).collect()
}

/// What may be said of the rank beside those of its peers, counted.
pub fn allowed(rank: &Rank, peers: &[&Rank]) -> String {
    let Some(open) = rank.uncertainty else { return String::new() };
    let said = said_of(rank, peers);
    let count = |wanted: fn(&RankStatement) -> bool| said.iter().filter(|(_, statement)| wanted(statement)).count();
    let better = count(|said| matches!(said, RankStatement::BetterThan(_)));
    let worse = count(|said| matches!(said, RankStatement::WorseThan(_)));
    // By the same sets as the comparisons beside it: by its own interval alone a rank would be better than who may be called better.
    // To be among the first twelve of thirteen is nothing to say.
    let top = Some(open.set.worst).filter(|worst| worst.saturating_mul(2) <= rank.ranked_units);
    let unnamed = top.map_or(0, |top| (rank.ranked_units - top) as usize).saturating_sub(better);
    texts::allowed_statements(better, worse, said.len() - better - worse, top.map(|top| (top, unnamed)))
}

/// Names in a cell of the record; of more it is told where they begin, which the sets make exact.
const NAMES_IN_RECORD: usize = 30;

/// The units than which this one may be called better.
pub fn better_than(facts: &Facts, rank: &Rank, peers: &[&Rank]) -> String {
    let said = said_of(rank, peers);
    let better: Vec<String> = said
        .iter()
        .filter(|(_, statement)| matches!(statement, RankStatement::BetterThan(_)))
        .map(|(peer, _)| facts.unit_name(&peer.unit).to_string())
        .collect();
    let Some(set) = rank.uncertainty.map(|open| open.set) else { return texts::NO_SETS.to_owned() };
    match better.len() {
        0 => texts::BETTER_THAN_NOBODY.to_owned(),
        few if few <= NAMES_IN_RECORD => better.join(texts::NAME_SEPARATOR),
        many => texts::better_than_those_after(set.worst, many),
    }
}

/// What a group's totals look like: sorted ranked totals and the span that drawings use.
pub struct Spread {
    /// Totals of the group, lowest first.
    pub totals: Vec<Decimal>,
    low: Decimal,
    high: Decimal,
}

impl Spread {
    /// The spread of a peer group, over every object that has a total.
    pub fn of(ranks: &[&Rank]) -> Self {
        let mut totals: Vec<Decimal> = ranks.iter().filter_map(|rank| rank.total).collect();
        totals.sort();
        let ten = Decimal::TEN;
        let low = totals.first().map_or(Decimal::ZERO, |low| (low / ten).floor() * ten);
        let high = totals.last().map_or(Decimal::ONE_HUNDRED, |high| (high / ten).ceil() * ten);
        Self { totals, low, high }
    }

    /// The middle total; the mean of the two middle ones when their number is even.
    pub fn median(&self) -> Option<Decimal> {
        median(&self.totals)
    }

    /// Where a total lies on the group's strip.
    pub fn place(&self, total: Decimal) -> i64 {
        numbers::place(total, self.low, self.high)
    }

    /// The strip of the group; none for one or two, whose numbers say it. `own` marks one object; without `peers`, only it and the median are drawn.
    pub fn strip(&self, facts: &Facts, group: &str, own: Option<Decimal>, peers: bool) -> Svg {
        if self.totals.len() < 3 {
            return Svg::default();
        }
        let median = self.median();
        let mut dots: Vec<Dot> = Vec::new();
        if peers {
            dots.extend(self.totals.iter().map(|total| Dot { place: self.place(*total), own: false }));
        }
        dots.extend(own.map(|own| Dot { place: self.place(own), own: true }));
        let own_text = own.map(|own| total(facts, Some(own)));
        let words = texts::strip_words(group, self.totals.len(), own_text.as_deref(), &total(facts, median));
        svg::strip(&dots, median.map(|median| self.place(median)), &words)
    }
}

fn class_cells<'a>(facts: &Facts<'a>, rank: &'a Rank) -> Vec<ClassCell> {
    let cell = |node: &'a NodeView| {
        let score = facts.score((&rank.unit, &rank.domain), &node.id);
        let bar = |score| svg::bar(numbers::place(score, Decimal::ZERO, Decimal::ONE_HUNDRED));
        ClassCell {
            title: Text::of(&node.title),
            earned: total(facts, score.and_then(|score| score.earned)),
            bar: score.and_then(|score| score.score).map_or_else(Svg::default, bar),
        }
    };
    facts.classes().map(cell).collect()
}

/// The peer groups with an object that is wanted, each with the rows of those; a strip only where all of it is shown. `up` leads from the page to the first one.
pub fn groups<'a>(facts: &Facts<'a>, up: &str, is_wanted: impl Fn(&Rank) -> bool) -> Vec<Group> {
    let group = |(number, ((_, name), ranks)): (usize, (GroupOrder<'a>, Vec<&'a Rank>))| {
        let title = texts::peer_group(name);
        let spread = Spread::of(&ranks);
        let is_switched = ranks.iter().any(|rank| rank.unswitched.is_some_and(|without| without.total != rank.total));
        let without = |rank: &Rank| rank.unswitched.filter(|_| is_switched);
        let row = |rank: &&'a Rank| Row {
            unswitched: without(rank).map_or_else(String::new, |other| texts::unswitched(&total(facts, other.total), other.rank)),
            rank: rank_text(rank),
            open: Open::of(rank),
            unit: facts.unit_name(&rank.unit),
            href: facts.unit_page(&rank.unit).map(|page| format!("{up}{page}")),
            region: facts.unit(&rank.unit).map_or_else(Text::default, |unit| facts.region_name(&unit.region)),
            total: total(facts, rank.total),
            bar: rank.total.map_or_else(Svg::default, |total| svg::bar(numbers::place(total, Decimal::ZERO, Decimal::ONE_HUNDRED))),
            grade: Text::of(rank.grade.as_deref().unwrap_or(texts::NONE)),
            provisional: is_provisional(rank),
            classes: class_cells(facts, rank),
            moved: moved(facts, rank),
            withheld: withheld(rank),
        };
        Group {
            anchor: format!("g{}", number + 1),
            members: texts::units(ranks.len()),
            strip: if ranks.iter().all(|rank| is_wanted(rank)) { spread.strip(facts, &title, None, true) } else { Svg::default() },
            highest: total(facts, spread.totals.last().copied()),
            median: total(facts, spread.median()),
            lowest: total(facts, spread.totals.first().copied()),
            rows: ranks.iter().filter(|rank| is_wanted(rank)).map(row).collect(),
            is_long: ranks.iter().filter(|rank| is_wanted(rank)).count() > LONG_GROUP,
            domain: ranks.first().map_or_else(String::new, |rank| format!("{up}{}", domain_page(&rank.domain))),
            title: Text::of(&title),
        }
    };
    let groups = by_group(facts).into_iter().enumerate().filter(|(_, (_, ranks))| ranks.iter().any(|rank| is_wanted(rank)));
    groups.map(group).collect()
}

/// With more objects than this a group is told in lines without drawings: a page of a province stays below a megabyte.
const LONG_GROUP: usize = 60;

/// Where the page of a domain stands, seen from the first page of the office's tree.
pub fn domain_page(domain: &str) -> String {
    format!("domains/{}.html", file_name(domain))
}

/// The peer groups of a domain, or all of them, as the public sees them.
pub fn public_groups<'a>(facts: &Facts<'a>, of: Option<&str>) -> Vec<PublicGroup<'a>> {
    let group = |(number, ((_, name), ranks)): (usize, (GroupOrder<'a>, Vec<&'a Rank>))| PublicGroup {
        anchor: format!("g{}", number + 1),
        title: Text::of(&texts::peer_group(name)),
        members: texts::units(ranks.len()),
        is_long: ranks.len() > LONG_GROUP,
        domain: ranks.first().map_or_else(String::new, |rank| domain_page(&rank.domain)),
        rows: ranks
            .iter()
            .map(|rank| PublicRow {
                rank: rank_text(rank),
                open: Open::of(rank),
                unit: facts.unit_name(&rank.unit),
                total: total(facts, rank.total),
                grade: Text::of(rank.grade.as_deref().unwrap_or(texts::NONE)),
                provisional: is_provisional(rank),
                withheld: withheld(rank),
                allowed: allowed(rank, &ranks),
                half_width: if rank.total.is_some() { total(facts, Some(rank.half_width)) } else { String::new() },
                set: rank.uncertainty.map(|open| open.set).map_or_else(String::new, |set| texts::rank_interval(set.best, set.worst)),
                better: better_than(facts, rank, &ranks),
                of: rank,
            })
            .collect(),
    };
    let is_wanted = |ranks: &[&Rank]| of.is_none_or(|domain| ranks.iter().any(|rank| rank.domain == domain));
    by_group(facts).into_iter().enumerate().filter(|(_, (_, ranks))| is_wanted(ranks)).map(group).collect()
}

/// What a signed edition says of itself.
#[derive(Debug, Clone)]
pub struct EditionView {
    /// Which it is, when it became final, what it corrects.
    pub standing: String,
    /// What was heard.
    pub heard: String,
    /// What stands in for what did not come; empty when everything came.
    pub held: Text,
    /// What it is compared with.
    pub compared: &'static str,
    /// That more figures have changed than the record lists; empty where all stand there.
    pub more: String,
    /// Figures that decisions changed.
    pub figures: Vec<ChangedRow>,
    /// What of them does not reach those who answer for the unit, and what no total rests on; empty where all do.
    pub notes: Vec<Text>,
    /// Objects that moved.
    pub moved: Vec<MovedRow>,
}

/// A figure that a decision changed.
#[derive(Debug, Clone)]
pub struct ChangedRow {
    /// Number of the matter.
    pub matter: String,
    /// Unit.
    pub unit: Text,
    /// Indicator, or what fell away.
    pub what: Text,
    /// Figure before.
    pub before: Text,
    /// Figure after.
    pub after: Text,
}

/// An object that moved: each as it was and as it is.
#[derive(Debug, Clone)]
pub struct MovedRow {
    /// Unit.
    pub unit: Text,
    /// Total.
    pub total: Text,
    /// Rank.
    pub rank: Text,
    /// Grade.
    pub grade: Text,
}

/// The unit, with its scorecard where one is meant.
fn unit_in_domain(facts: &Facts, id: &str, domain: &str) -> Text {
    let name = facts.unit_name(id);
    if domain.is_empty() { name } else { Text::of(&texts::in_domain(name.as_str(), domain)) }
}

/// Title of an indicator; what fell away as it is.
fn title_of_change(facts: &Facts, what: &str) -> Text {
    let header = facts.input.indicators.get(&IndicatorId::from(what));
    Text::of(header.map_or(what, |header| header.title.as_str()))
}

fn changed_row(facts: &Facts, row: &ChangedFigure) -> ChangedRow {
    let none = if row.is_event { texts::FELL_AWAY } else { texts::NONE };
    let shown = |figure: &str| Text::of(if figure.is_empty() { none } else { figure });
    ChangedRow {
        matter: texts::matters(&row.matters),
        unit: unit_in_domain(facts, &row.unit, &row.domain),
        what: title_of_change(facts, &row.what),
        before: shown(&row.figure.0),
        after: shown(&row.figure.1),
    }
}

/// What a signed edition says of one unit.
#[derive(Debug, Clone)]
pub struct UnitEdition {
    /// Which it is, when it became final, what it corrects.
    pub standing: String,
    /// Figures of the unit that decisions changed.
    pub figures: Vec<ChangedRow>,
}

/// The edition of a release as a unit's final scorecard tells it; none of a run.
pub fn edition_of_unit(facts: &Facts, id: &UnitId) -> Option<UnitEdition> {
    let edition = facts.input.edition.as_ref()?;
    let own = edition.figures.iter().filter(|row| row.unit == id.as_ref());
    Some(UnitEdition {
        standing: texts::edition_standing(edition.number, edition.corrects, &edition.final_on),
        figures: own.map(|row| changed_row(facts, row)).collect(),
    })
}

/// So many changed figures stand in the record; where the run is another by its data, there are thousands.
const FIGURES_IN_RECORD: usize = 300;

/// The edition of a release; none of a run.
pub fn edition(facts: &Facts) -> Option<EditionView> {
    let edition = facts.input.edition.as_ref()?;
    let title = |what: &str| title_of_change(facts, what);
    let figures = edition.figures.iter().take(FIGURES_IN_RECORD).map(|row| changed_row(facts, row));
    let all = edition.figures.len();
    let or_none = |text: Option<String>| text.unwrap_or_else(|| texts::NONE.to_owned());
    let moved = edition.moved.iter().map(|row| {
        let points = |points: Option<Decimal>| points.map(|points| total(facts, Some(points)));
        let rank = |rank: Option<u32>| rank.map(|rank| rank.to_string());
        let change = |before: Option<String>, after: Option<String>| Text::of(&texts::was_and_is(&or_none(before), &or_none(after)));
        MovedRow {
            unit: unit_in_domain(facts, &row.unit, &row.domain),
            total: change(points(row.total.0), points(row.total.1)),
            rank: change(rank(row.rank.0), rank(row.rank.1)),
            grade: change(row.grade.0.clone(), row.grade.1.clone()),
        }
    });
    let named = |says: &str, is_so: fn(&ChangedFigure) -> bool| {
        let mut names: Vec<String> =
            edition.figures.iter().filter(|row| is_so(row)).map(|row| title(&row.what).as_str().to_owned()).collect();
        names.sort();
        names.dedup();
        (!names.is_empty()).then(|| Text::of(&format!("{says}{}", names.join("、"))))
    };
    let notes = [named(texts::ERRATA_STAYS, |row| row.stays_above), named(texts::ERRATA_ONLY_SHOWN, |row| row.only_shown)];
    let notes = notes.into_iter().flatten().collect();
    let held: Vec<String> = edition
        .held
        .iter()
        .map(|name| match facts.input.tables.get(name) {
            Some(table) => table.clone(),
            None => title(name).as_str().to_owned(),
        })
        .collect();
    Some(EditionView {
        standing: texts::edition_standing(edition.number, edition.corrects, &edition.final_on),
        heard: texts::edition_heard(edition.heard, edition.figures.len()),
        held: if edition.held.is_empty() { Text::default() } else { Text::of(&texts::edition_held(&held.join("、"))) },
        more: if all > FIGURES_IN_RECORD { texts::errata_more(FIGURES_IN_RECORD, all) } else { String::new() },
        compared: if edition.corrects.is_some() { texts::ERRATA_SINCE_EDITION } else { texts::ERRATA_SINCE_RUN },
        figures: figures.collect(),
        moved: moved.collect(),
        notes,
    })
}

/// Puts a mark in the place of each reason that rows give for saying nothing, and returns the reasons by their marks: a document tells them once.
pub fn take_notes(groups: &mut [PublicGroup<'_>]) -> Vec<(String, Text)> {
    let mut notes: Vec<(String, Text)> = Vec::new();
    let mut mark = |reason: &Text| match notes.iter().find(|(_, known)| known == reason) {
        Some((mark, _)) => mark.clone(),
        None => {
            let mark = texts::note_mark(notes.len() + 1);
            notes.push((mark.clone(), reason.clone()));
            mark
        }
    };
    for row in groups.iter_mut().flat_map(|group| &mut group.rows) {
        if !row.withheld.is_empty() {
            row.withheld = Text::of(&mark(&row.withheld));
        } else if row.better == texts::NO_SETS {
            row.better = mark(&Text::of(texts::NO_SETS));
        }
    }
    notes
}

/// The figures at the head of the office's first page.
pub fn key_figures(facts: &Facts) -> Vec<KeyFigure> {
    let input = facts.input;
    let ranks = &input.scorecards.ranks;
    let ranked = ranks.iter().filter(|rank| rank.rank.is_some()).count();
    let loaded: u64 = input.accounting.iter().map(|row| row.loaded).sum();
    let quarantined: u64 = input.accounting.iter().map(|row| row.quarantined).sum();
    let mut silent: Vec<_> = input.not_reported.iter().map(|row| &row.unit).collect();
    silent.sort();
    silent.dedup();
    let figure = |label: &str, number: u64, href: Option<&'static str>, alert: bool| KeyFigure {
        label: Text::of(label),
        figure: numbers::count(number),
        href,
        alert: alert && number > 0,
    };
    vec![
        figure(texts::OBJECTS, ranks.len() as u64, None, false),
        figure(texts::RANKED, ranked as u64, None, false),
        figure(texts::WITHHELD, (ranks.len() - ranked) as u64, None, false),
        figure(texts::FINDINGS, input.detected.open().count() as u64, Some("findings.html"), false),
        figure(texts::LOADED_RECORDS, loaded, Some("quality.html"), false),
        figure(texts::QUARANTINED_RECORDS, quarantined, Some("quality.html#quarantine"), true),
        figure(texts::HELD_ITEMS, input.held.len() as u64, Some("quality.html#held"), true),
        figure(texts::NOT_REPORTED, silent.len() as u64, Some("quality.html#silent"), true),
    ]
}

/// How many objects have each grade, the best grade first. A veto caps a grade and leaves the total, so totals don't tell the order.
pub fn grades(facts: &Facts) -> Vec<KeyFigure> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for grade in facts.ranks().filter_map(|rank| rank.grade.as_deref()) {
        *counts.entry(grade).or_default() += 1;
    }
    let grades = facts.input.scheme.grades.iter().filter_map(|grade| Some((grade.as_str(), *counts.get(grade.as_str())?)));
    let figure =
        |(grade, count): (&str, u64)| KeyFigure { label: Text::of(grade), figure: numbers::count(count), href: None, alert: false };
    grades.map(figure).collect()
}
