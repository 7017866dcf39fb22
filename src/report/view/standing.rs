//! Where an object stands: is it different from those next to it, and what would change its grade?
//!
//! In: the object's rank, its neighbours in the group, the next grade. Out: [`Standing`]. Never here: names and totals of others outside the office's tree, where
//! a rank is all that is said of them.

use rust_decimal::Decimal;

use super::Facts;
use super::facts::Object;
use super::frame::Reader;
use super::ranking::{is_provisional, total};
use super::records::RecordsBlock;
use super::unit::PEERS_FOR_A_MEDIAN;
use crate::report::names::Text;
use crate::report::numbers;
use crate::report::texts;
use crate::scoring::tables::{NextGrade, OtherRecords, RankNeighbour, Value};

/// An object beside its neighbours, and the way to the next grade.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// By rank, the object itself among them; empty where nothing is known of chance.
    pub neighbours: Vec<NeighbourRow>,
    /// Nothing for the best grade, or none.
    pub next: Option<NextGradeView>,
    /// Indicators that cost most, dearest first.
    pub lost: Vec<LostPoints>,
}

/// An indicator that pulled the total down.
#[derive(Debug, Clone)]
pub struct LostPoints {
    /// Its title.
    pub title: Text,
    /// Where the page lists the records behind it.
    pub href: Option<String>,
    /// What it cost, of what it could bring.
    pub words: String,
    /// How many records there are of each kind, in words; empty where none are listed.
    pub records: String,
}

/// One object of the group, as it stands to the page's.
#[derive(Debug, Clone)]
pub struct NeighbourRow {
    /// Rank.
    pub rank: String,
    /// Unit; "this unit" for the own one.
    pub unit: Text,
    /// Its page.
    pub href: Option<String>,
    /// Total.
    pub total: String,
    /// Probability that the page's object is really the higher one.
    pub probability: String,
    /// What may be said of the two.
    pub said: &'static str,
    /// The page's object.
    pub own: bool,
}

/// How far the next grade is.
#[derive(Debug, Clone)]
pub struct NextGradeView {
    /// In a sentence.
    pub words: String,
    /// The fewest records, by indicator.
    pub together: Vec<RecordsWanted>,
    /// The fewest records of one indicator alone, for those that need fewest.
    pub alone: Vec<RecordsWanted>,
}

/// Records of one indicator.
#[derive(Debug, Clone)]
pub struct RecordsWanted {
    /// Title of the indicator.
    pub title: Text,
    /// Where the page lists records that count against it.
    pub href: Option<String>,
    /// How many, and what they would add.
    pub words: String,
}

/// Indicators that cost most: so many are named.
const LOST_ON_PAGE: usize = 5;

/// Indicators that could do it alone: the page names the nearest.
const ALONE_ON_PAGE: usize = 3;

/// Where `object` stands, for `reader`; `records` are those of the page.
pub fn standing<'a>(facts: &Facts<'a>, object: Object<'a>, reader: Reader, records: &[RecordsBlock]) -> Standing {
    Standing {
        neighbours: neighbours(facts, object, reader),
        next: facts.next_grade(object).map(|next| next_grade_view(facts, next, records)),
        lost: lost(facts, object, records),
    }
}

/// The points that an indicator carries here, less those that it earned: what would be won with a full score and nothing else changed.
fn lost<'a>(facts: &Facts<'a>, object: Object<'a>, records: &[RecordsBlock]) -> Vec<LostPoints> {
    let decimals = facts.input.scheme.decimals;
    let of = |value: &&'a Value| value.score.map(|score| value.effective_points * (Decimal::ONE_HUNDRED - score) / Decimal::ONE_HUNDRED);
    let mut lost: Vec<(Decimal, &Value)> =
        facts.values(object).iter().filter_map(|value| of(value).map(|lost| (lost.round_dp(decimals), *value))).collect();
    lost.retain(|(points, _)| *points > Decimal::ZERO);
    lost.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.indicator.cmp(&b.1.indicator)));
    let view = |(points, value): (Decimal, &'a Value)| {
        let block = records.iter().find(|block| block.indicator == value.indicator && !block.lists.is_empty());
        LostPoints {
            title: Text::of(facts.input.indicators.get(&value.indicator).map_or(value.indicator.as_ref(), |header| &header.title)),
            href: block.map(|block| format!("#{}", block.anchor)),
            words: texts::points_lost(&numbers::fixed(points, decimals), &numbers::points(value.effective_points)),
            records: block.map_or_else(String::new, |block| block.words.clone()),
        }
    };
    lost.into_iter().take(LOST_ON_PAGE).map(view).collect()
}

fn neighbours<'a>(facts: &Facts<'a>, object: Object<'a>, reader: Reader) -> Vec<NeighbourRow> {
    let (Some(own), beside) = (facts.rank(object), facts.rank_neighbours(object)) else { return Vec::new() };
    let Some(place) = own.rank.filter(|_| !beside.is_empty()) else { return Vec::new() };
    let office = reader == Reader::Office;
    // In a group of a few the probability would tell each peer's total.
    if !office && (own.ranked_units as usize) < PEERS_FOR_A_MEDIAN {
        return Vec::new();
    }
    let row = |other: &&'a RankNeighbour| NeighbourRow {
        rank: texts::place(other.other_rank),
        unit: if office { facts.unit_name(&other.other) } else { Text::default() },
        href: facts.unit_page(&other.other).filter(|_| office).map(|page| format!("../{page}")),
        total: if office { total(facts, facts.rank((&other.other, object.1)).and_then(|rank| rank.total)) } else { String::new() },
        probability: probability(other.probability),
        said: other.said.map_or(texts::NONE, texts::said),
        own: false,
    };
    let own_row = NeighbourRow {
        rank: texts::place(place),
        unit: Text::of(texts::THIS_UNIT),
        href: None,
        total: total(facts, own.total),
        probability: texts::NONE.to_owned(),
        said: texts::NONE,
        own: true,
    };
    let (before, after): (Vec<_>, Vec<_>) = beside.iter().partition(|other| (other.other_rank, &other.other) < (place, object.0));
    before.iter().map(row).chain([own_row]).chain(after.iter().map(row)).collect()
}

/// In whole percent; nothing is certain.
fn probability(share: Decimal) -> String {
    let percent = numbers::fixed(share * Decimal::ONE_HUNDRED, 0);
    texts::percent(match percent.as_str() {
        "100" => ">99",
        "0" => "<1",
        between => between,
    })
}

fn next_grade_view<'a>(facts: &Facts<'a>, next: &'a NextGrade, records: &[RecordsBlock]) -> NextGradeView {
    let decimals = facts.input.scheme.decimals;
    let of = |wanted: &OtherRecords| RecordsWanted {
        title: Text::of(facts.input.indicators.get(&wanted.indicator).map_or(wanted.indicator.as_ref(), |header| &header.title)),
        href: records.iter().find(|block| block.indicator == wanted.indicator).map(|block| format!("#{}", block.anchor)),
        words: texts::records_wanted(wanted.records, wanted.is_less, &numbers::fixed(wanted.gain, decimals)),
    };
    let object = (&next.unit, next.domain.as_str());
    let is_open = facts.rank(object).is_some_and(is_provisional);
    let all: u32 = next.together.iter().map(|wanted| wanted.records).sum();
    let (from, missing) = (numbers::points(next.from), numbers::fixed(next.missing, decimals));
    let words = texts::next_grade(Text::of(&next.grade).as_str(), &from, &missing, next.way, all, next.has_quota);
    NextGradeView {
        words: if is_open { texts::provisional_first(&words) } else { words },
        together: next.together.iter().map(of).collect(),
        alone: next.alone.iter().take(ALONE_ON_PAGE).map(of).collect(),
    }
}
