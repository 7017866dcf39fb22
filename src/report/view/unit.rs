//! A unit's page: for the office with peers and findings, for the unit itself without either.
//!
//! In: the unit's rows. Out: [`UnitView`]. Never here: another unit's figures in the unit's own tree; there a strip shows the own
//! place and the median, nothing else.

use rust_decimal::Decimal;

use super::Facts;
use super::burden::{ScopeView, of_region};
use super::facts::Object;
use super::findings::{FindingView, of_unit};
use super::frame::Reader;
use super::indicators::{Axes, ClassBlock, Definition, class_blocks, definitions, empty_class, link_records};
use super::ledger::{LedgerBlock, ledger_blocks};
use super::quality::{self, RemarkView};
use super::ranking::{Moved, Open, Spread, UnitEdition, allowed, edition_of_unit, is_provisional, moved, total};
use super::reconciliation::{self, UnitReconciliation};
use super::records::{RecordsBlock, longest_list, records_blocks};
use super::standing::{self, Standing};
use super::synergy::{OwnSide, own_side};
use super::verification::{self, VerificationView};
use crate::compute::units::Predecessor;
use crate::report::input::{LineEvent, NodeView};
use crate::report::names::{Text, file_name};
use crate::report::numbers;
use crate::report::svg::{self, Svg};
use crate::report::texts;
use crate::scoring::tables::{LineKind, Rank, ScoreLine, Unit};
use crate::terms::UnitId;

/// A unit.
#[derive(Debug, Clone)]
pub struct UnitView {
    /// Name.
    pub name: Text,
    /// Identifier.
    pub id: Text,
    /// Tier in words.
    pub tier: Text,
    /// Region.
    pub region: Text,
    /// The page of its county or city; the office's tree alone has one.
    pub region_href: Option<String>,
    /// Size class in words.
    pub size: Text,
    /// Unit above.
    pub parent: Text,
    /// Those whose records it has taken over, each with its last day.
    pub predecessors: Vec<Text>,
    /// The edition of which this is the final scorecard; none of a run.
    pub edition: Option<UnitEdition>,
    /// Where its parts begin.
    pub parts: Vec<PartOfPage>,
    /// Assessed objects: one a domain.
    pub objects: Vec<ObjectView>,
    /// What their indicators are.
    pub definitions: Vec<Definition>,
    /// Its records on the platform; none when none was compared.
    pub reconciliation: Option<UnitReconciliation>,
    /// What was checked of its records; none when nothing was.
    pub verification: Option<VerificationView>,
    /// What was noticed about its rows while they were loaded.
    pub remarks: Vec<RemarkView>,
    /// Findings; always empty outside the office's tree.
    pub findings: Vec<FindingView>,
}

/// A part of the page that a reader may want to go to.
#[derive(Debug, Clone)]
pub struct PartOfPage {
    /// Anchor on the page.
    pub anchor: String,
    /// Its heading.
    pub title: Text,
}

/// One assessed object.
#[derive(Debug, Clone)]
pub struct ObjectView {
    /// Anchor on the page.
    pub anchor: String,
    /// Domain in words.
    pub domain: Text,
    /// Peer group in words.
    pub group: Text,
    /// Total.
    pub total: String,
    /// Grade.
    pub grade: Text,
    /// The grade rests on too little to stay.
    pub provisional: bool,
    /// Why the grade is not that of the total.
    pub grade_note: String,
    /// Rank in words, or why there is none.
    pub standing: Text,
    /// True when there is a rank.
    pub ranked: bool,
    /// Ranks that chance leaves open.
    pub open: Open,
    /// What may be said of the rank; empty where nothing is known of chance.
    pub allowed: String,
    /// Against the run before.
    pub moved: Moved,
    /// Is it different from its neighbours, and what would change its grade.
    pub standing_beside: Standing,
    /// Place among peers.
    pub strip: Svg,
    /// Median of the group.
    pub median: String,
    /// Classes.
    pub classes: Vec<ClassView>,
    /// The total as a sum.
    pub composition: String,
    /// How to read what only some pages draw.
    pub reading: String,
    /// Spans of the drawings, in words.
    pub axes: String,
    /// Indicators.
    pub blocks: Vec<ClassBlock>,
    /// The own side of the region's borders, where the synergy index applies.
    pub synergy: Option<OwnSide>,
    /// The burden index of the last quarter, where it is shown.
    pub burden: Option<ScopeView>,
    /// The months of the indicators.
    pub ledger: Vec<LedgerBlock>,
    /// Records behind the figures.
    pub records: Vec<RecordsBlock>,
    /// Bonus, deduction, veto.
    pub adjustments: Vec<LineView>,
}

/// A class of an object.
#[derive(Debug, Clone)]
pub struct ClassView {
    /// Title.
    pub title: Text,
    /// Points earned.
    pub earned: String,
    /// Points of the class.
    pub points: String,
    /// Score.
    pub score: String,
    /// Score as a bar.
    pub bar: Svg,
    /// Why it has a score although nothing in it could be scored.
    pub note: String,
}

/// An entry outside the tree.
#[derive(Debug, Clone)]
pub struct LineView {
    /// Date.
    pub date: String,
    /// Kind in words.
    pub kind: Text,
    /// Points.
    pub points: String,
    /// What for.
    pub says: Text,
    /// Document.
    pub document: Text,
}

/// Below this many totals a median would tell one peer's figure.
pub const PEERS_FOR_A_MEDIAN: usize = 5;

/// The page of `id` for `reader`, on which `most` records stand together.
pub fn unit_view<'a>(facts: &Facts<'a>, id: &'a UnitId, reader: Reader, most: usize) -> UnitView {
    let unit = facts.unit(id);
    let words = |word: fn(&str) -> &str, code: fn(&Unit) -> &str| unit.map_or_else(Text::default, |unit| Text::of(word(code(unit))));
    let longest = longest_list(facts, &facts.objects_of(id), most);
    let mut view = UnitView {
        name: facts.unit_name(id),
        id: Text::of(id.as_ref()),
        tier: words(texts::tier, |unit| &unit.tier),
        region: unit.map_or_else(Text::default, |unit| facts.region_name(&unit.region)),
        region_href: if reader == Reader::Office { unit.and_then(|unit| facts.region_page(&unit.region)) } else { None },
        size: words(texts::size, |unit| &unit.size_class),
        parent: unit.and_then(|unit| unit.parent.as_ref()).map_or_else(Text::default, |parent| facts.unit_name(parent)),
        predecessors: unit.map_or_else(Vec::new, |unit| unit.predecessors.iter().map(predecessor).collect()),
        edition: edition_of_unit(facts, id),
        definitions: definitions(facts, &facts.objects_of(id)),
        parts: Vec::new(),
        objects: facts.objects_of(id).into_iter().map(|object| object_view(facts, object, reader, longest)).collect(),
        reconciliation: reconciliation::of_unit(facts, id),
        verification: verification::of_unit(facts, id),
        remarks: facts.remarks_of(id).iter().map(|row| quality::remark_view(facts, row)).collect(),
        findings: if reader == Reader::Office { of_unit(facts, id) } else { Vec::new() },
    };
    view.parts = parts_of(&view, reader);
    view
}

fn parts_of(view: &UnitView, reader: Reader) -> Vec<PartOfPage> {
    let part = |anchor: &str, title: &str| PartOfPage { anchor: anchor.to_owned(), title: Text::of(title) };
    let others = [
        (view.reconciliation.is_some(), "reconciliation", texts::TITLE_RECONCILIATION),
        (view.verification.is_some(), "verification", texts::TITLE_VERIFICATION),
        (!view.remarks.is_empty(), "remarks", texts::OWN_REMARKS),
        (reader == Reader::Office, "findings", texts::FINDINGS_HEAD),
    ];
    let objects = view.objects.iter().map(|object| part(&object.anchor, object.domain.as_str()));
    objects.chain(others.into_iter().filter(|(is_there, ..)| *is_there).map(|(_, anchor, title)| part(anchor, title))).collect()
}

fn predecessor(unit: &Predecessor) -> Text {
    let name = if unit.name.is_empty() { unit.id.as_ref() } else { unit.name.as_str() };
    Text::of(&unit.last.map_or_else(|| name.to_owned(), |last| texts::predecessor(name, &last.to_string())))
}

fn object_view<'a>(facts: &Facts<'a>, object: Object<'a>, reader: Reader, longest: usize) -> ObjectView {
    let rank = facts.rank(object);
    let peers = rank.map_or(&[][..], |rank| facts.peer_group(&rank.peer_group));
    let spread = Spread::of(peers);
    let office = reader == Reader::Office;
    let group = rank.map_or_else(String::new, |rank| texts::peer_group(&rank.peer_group));
    let own = rank.and_then(|rank| rank.total);
    let tellable = office || spread.totals.len() >= PEERS_FOR_A_MEDIAN;
    let in_words = |rank: &Rank| match (rank.rank, &rank.withheld) {
        (Some(place), _) => texts::rank_of(place, rank.ranked_units),
        (None, Some(reason)) => texts::withheld(reason).to_owned(),
        (None, None) => texts::WITHHELD.to_owned(),
    };
    let axes = Axes::of(facts, &facts.values(object));
    let records = records_blocks(facts, object, reader, longest);
    let mut blocks = class_blocks(facts, object, axes, reader);
    link_records(&mut blocks, &records);
    ObjectView {
        standing_beside: standing::standing(facts, object, reader, &records),
        reading: reading(facts, object, &blocks),
        axes: axes.words(),
        anchor: format!("d-{}", file_name(object.1)),
        domain: Text::of(texts::domain(object.1)),
        total: total(facts, own),
        grade: Text::of(rank.and_then(|rank| rank.grade.as_deref()).unwrap_or(texts::NONE)),
        provisional: rank.is_some_and(is_provisional),
        grade_note: rank.map_or_else(String::new, grade_note),
        standing: rank.map_or_else(Text::default, |rank| Text::of(&in_words(rank))),
        ranked: rank.is_some_and(|rank| rank.rank.is_some()),
        open: rank.map_or_else(Open::default, Open::of),
        allowed: rank.map_or_else(String::new, |rank| allowed(rank, peers)),
        moved: rank.map_or_else(Moved::default, |rank| moved(facts, rank)),
        strip: if own.is_some() && tellable { spread.strip(facts, &group, own, office) } else { Svg::default() },
        median: if tellable { total(facts, spread.median()) } else { String::new() },
        group: Text::of(&group),
        classes: classes(facts, object),
        composition: composition(facts, object, own),
        blocks,
        synergy: own_side(facts, object),
        burden: of_region(facts, object),
        ledger: ledger_blocks(facts, object),
        records,
        adjustments: adjustments(facts, object),
    }
}

fn grade_note(rank: &Rank) -> String {
    let by_score = rank.score_grade.as_ref().filter(|_| rank.score_grade != rank.grade);
    by_score.map_or_else(String::new, |grade| texts::grade_lowered(Text::of(grade).as_str(), !rank.vetoes.is_empty()))
}

fn classes<'a>(facts: &Facts<'a>, object: Object<'a>) -> Vec<ClassView> {
    facts
        .classes()
        .map(|node| {
            let score = facts.score(object, &node.id);
            let bar = |score| svg::bar(numbers::place(score, Decimal::ZERO, Decimal::ONE_HUNDRED));
            ClassView {
                title: Text::of(&node.title),
                earned: total(facts, score.and_then(|score| score.earned)),
                points: numbers::points(node.points),
                score: total(facts, score.and_then(|score| score.score)),
                bar: score.and_then(|score| score.score).map_or_else(Svg::default, bar),
                note: empty_class(facts, object, &node.id),
            }
        })
        .collect()
}

/// How to read what only some pages draw.
fn reading<'a>(facts: &Facts<'a>, object: Object<'a>, blocks: &[ClassBlock]) -> String {
    let has_peers = blocks.iter().flat_map(|block| &block.nodes).flat_map(|node| &node.rows).any(|row| !row.peers.is_empty());
    let has_limits = facts.values(object).iter().any(|value| facts.chart(object, &value.indicator).is_some());
    let told = [(has_peers, texts::READING_PEERS), (has_limits, texts::READING_LIMITS)];
    told.into_iter().filter(|(is_drawn, _)| *is_drawn).map(|(_, words)| words).collect()
}

/// The total as a sum of its classes and of what stands outside the tree.
fn composition<'a>(facts: &Facts<'a>, object: Object<'a>, own: Option<Decimal>) -> String {
    let Some(own) = own else { return String::new() };
    let earned = |node: &'a NodeView| {
        let earned = facts.score(object, &node.id)?.earned?;
        Some((Text::of(&node.title).to_string(), total(facts, Some(earned))))
    };
    let parts: Vec<(String, String)> = facts.classes().filter_map(earned).collect();
    let rank = facts.rank(object);
    let shown: Option<Decimal> = parts.iter().map(|(_, earned)| earned.parse::<Decimal>().ok()).sum();
    let moved = rank.map(|rank| rank.bonus - rank.deduction).unwrap_or_default();
    let is_rounded_apart = shown.is_some_and(|shown| (shown + moved - own).abs() == Decimal::new(1, facts.input.scheme.decimals));
    let counted = |points: fn(&Rank) -> Decimal| {
        let points = facts.rank(object).map(points).filter(|points| !points.is_zero())?;
        Some(numbers::fixed(points, facts.input.scheme.decimals))
    };
    let (bonus, deduction) = (counted(|rank| rank.bonus), counted(|rank| rank.deduction));
    if parts.is_empty() {
        String::new()
    } else {
        texts::composition(&parts, bonus.as_deref(), deduction.as_deref(), &total(facts, Some(own)), is_rounded_apart)
    }
}

fn entries<'a>(facts: &Facts<'a>, object: Object<'a>) -> impl Iterator<Item = &'a LineEvent> {
    facts.input.line_events.iter().filter(move |entry| (&entry.unit, entry.domain.as_str()) == object)
}

fn adjustments<'a>(facts: &Facts<'a>, object: Object<'a>) -> Vec<LineView> {
    let mut entries: Vec<_> = entries(facts, object).collect();
    entries.sort_by_key(|entry| (entry.recorded_on, &entry.entry, &entry.kind));
    let points = |points| numbers::fixed(points, 2);
    let kind = |kind: &str| Text::of(texts::line_kind(kind));
    let view = |entry: &LineEvent| LineView {
        date: entry.recorded_on.to_string(),
        kind: kind(&entry.kind),
        points: entry.points.map_or_else(|| texts::NONE.to_owned(), points),
        says: match &entry.cap_grade {
            Some(cap) => Text::masked(&texts::veto(&entry.says, cap)),
            None => Text::masked(&entry.says),
        },
        document: Text::masked(&entry.document),
    };
    let cap = |line: &ScoreLine| LineView {
        date: String::new(),
        kind: kind(line.kind.word()),
        points: points(line.earned),
        says: Text::default(),
        document: Text::default(),
    };
    // What a node's mean, cap or veto adds to the sum of its children, so that the page adds up.
    let method =
        |line: &ScoreLine| LineView { says: facts.node(&line.id).map_or_else(Text::default, |node| Text::of(&node.title)), ..cap(line) };
    let methods = facts.lines(object, LineKind::Method).filter(|line| !line.earned.is_zero()).map(method);
    entries.into_iter().map(view).chain(methods).chain(facts.lines(object, LineKind::Cap).map(cap)).collect()
}
