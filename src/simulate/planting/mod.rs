//! Every kind of cheating, as an edit of the honest extract: that is what a cheat does.
//!
//! In: the tables of a province in which nobody cheats. Out: the same tables, edited in the units that cheat (one pattern a unit) and in
//! those that only look as if they did, and the lines of the answer key. Never here: what a detector looks for.
//!
//! Adding a pattern = a function in the file of its family and a line in [`PATTERNS`].

use crate::error::{Error, Kind, Result};
use crate::simulate::draw::Stream;
use crate::simulate::project::Answer;
use crate::simulate::world::{Unit, World};
use crate::simulate::{SimulationFormat, SimulationRequest};

mod amounts;
mod coordination;
mod dates;
mod entry;
mod figures;
mod ground;
mod media;
mod public;
mod tables;
mod twins;
mod visits;

pub(super) use ground::Ground;
#[cfg(test)]
pub(super) use tables::Table;
pub(super) use tables::{Kept, Tables};

/// Cases whose tables fit into memory as single cells.
const MOST_CASES: u64 = 50_000;

/// Relevant records of the last year that a unit needs for most patterns: fewer would show nothing.
const RECORDS: usize = 12;

/// How much of a unit's work shows the pattern.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Dose {
    pub share: f64,
    /// As large as in the documented case.
    pub documented: bool,
}

/// What a pattern did in a unit.
#[derive(Debug, Default)]
pub(super) struct Planted {
    /// Group and records, a line of the answer key each.
    pub lines: Vec<(String, Vec<String>)>,
    /// So many of the relevant records (or groups of them) show it.
    pub done: usize,
    /// Relevant records (or groups of them).
    pub of: usize,
    /// Other units that the pattern needs: they carry no other.
    pub with: Vec<String>,
}

impl Planted {
    /// One line of records, out of so many.
    fn of(records: Vec<String>, of: usize) -> Self {
        Self { done: records.len(), of, lines: vec![(String::new(), records)], with: Vec::new() }
    }
}

/// A pattern: its name, what a unit needs for it, what the unit does.
pub(super) struct Pattern {
    pub name: &'static str,
    /// Relevant records that the unit must have.
    needs: usize,
    /// Relevant records that the unit has.
    has: fn(&Ground<'_>, &Unit) -> usize,
    plant: fn(&mut Ground<'_>, &Unit, Dose, &mut Stream) -> Option<Planted>,
    /// The share of the documented case, where there is one.
    documented: Option<f64>,
}

const fn pattern(
    name: &'static str,
    needs: usize,
    has: fn(&Ground<'_>, &Unit) -> usize,
    plant: fn(&mut Ground<'_>, &Unit, Dose, &mut Stream) -> Option<Planted>,
) -> Pattern {
    Pattern { name, needs, has, plant, documented: None }
}

impl Pattern {
    const fn documented(mut self, share: f64) -> Self {
        self.documented = Some(share);
        self
    }
}

/// Every pattern, in the order in which they choose their units: those first that need a whole county, then those that few units can show.
pub(super) const PATTERNS: [Pattern; 32] = [
    pattern("quota_uniformity", 4, amounts::townships, amounts::quota_uniformity).documented(1.0),
    pattern("unrecorded_visits", 8, visits::answers_of_the_panel, visits::unrecorded_visits),
    pattern("cross_period_backfill", RECORDS, entry::before_the_year, entry::cross_period_backfill),
    pattern("decision_vs_media", RECORDS, dates::datable, dates::decision_vs_media).documented(1.0),
    pattern("paper_patrol", 8, coordination::patrols, coordination::paper_patrol),
    pattern("fine_threshold_bunching", RECORDS, amounts::near_a_threshold, amounts::fine_threshold_bunching),
    pattern("ping_pong_transfer", 6, coordination::transfers, coordination::ping_pong_transfer),
    pattern("copy_innovation", 1, public::innovations, public::copy_innovation),
    pattern("case_splitting", 6, amounts::divisible, amounts::case_splitting),
    pattern("disparity", RECORDS, amounts::comparable, amounts::disparity),
    pattern("stage_inversion", RECORDS, dates::ordered, dates::stage_inversion),
    pattern("deadline_bunching", RECORDS, dates::movable, dates::deadline_bunching),
    pattern("short_notice", RECORDS, dates::ordered, dates::short_notice),
    pattern("rest_day_decision", RECORDS, dates::movable_by_days, dates::rest_day_decision),
    pattern("lead_parking", RECORDS, coordination::leads, coordination::lead_parking),
    pattern("silent_closure", RECORDS, public::closed_orders, public::silent_closure),
    pattern("rating_stuffing", 6, public::ratings, public::rating_stuffing),
    pattern("zero_finding", RECORDS, visits::with_findings, visits::zero_finding),
    pattern("zero_penalty", RECORDS, visits::with_findings, visits::zero_penalty),
    pattern("recording_gap", RECORDS, media::filmed, media::recording_gap),
    pattern("duplicate_media", RECORDS, media::photographed, media::duplicate_media),
    pattern("officer_signature", 20, media::signed, media::officer_signature),
    pattern("selective_targets", RECORDS, visits::choosable, visits::selective_targets).documented(1.0),
    pattern("identical_duration", RECORDS, visits::timed, visits::identical_duration),
    pattern("impossible_presence", RECORDS, visits::timed, visits::impossible_presence),
    pattern("yearend_backfill", RECORDS, entry::old_events, entry::yearend_backfill).documented(0.92),
    pattern("post_cutoff_edit", RECORDS, entry::long_over, entry::post_cutoff_edit),
    pattern("number_inversion", RECORDS, entry::numbered, entry::number_inversion),
    pattern("denominator_shrink", RECORDS, entry::countable, entry::denominator_shrink),
    pattern("favour", RECORDS, amounts::of_friends, amounts::favour),
    pattern("digit_heaping", figures::FIGURES, figures::timed, figures::digit_heaping),
    pattern("benford_amounts", RECORDS, figures::confiscated, figures::benford_amounts),
];

/// Shares that a pattern may have, weak to strong.
const SHARES: [(f64, &str); 5] = [(0.2, "0.2"), (0.4, "0.4"), (0.6, "0.6"), (0.8, "0.8"), (1.0, "1.0")];

/// Refuses a request whose tables cannot be held and edited.
///
/// # Errors
/// Another format than Parquet, or too many cases.
pub(super) fn refuse_what_cannot_be_edited(request: &SimulationRequest) -> Result<()> {
    if request.format != SimulationFormat::Parquet {
        let message = "every pattern is planted as an edit of Parquet tables";
        return Err(Error::new(Kind::Configuration, message).with_hint("add --format parquet"));
    }
    if request.cases > MOST_CASES {
        let message = format!("every pattern is planted in memory: at most {MOST_CASES} cases");
        return Err(Error::new(Kind::Configuration, message).with_hint("ask for fewer with --cases"));
    }
    Ok(())
}

/// One occurrence, with what tests ask of it.
pub(super) struct Occurrence {
    pub pattern: &'static str,
    pub unit_id: String,
    pub dose: Option<Dose>,
    pub strength: &'static str,
    pub planted: Planted,
}

/// Plants everything; the answer key, sorted.
pub(super) fn plant_every(world: &World, tables: &mut Tables) -> Vec<Answer> {
    let mut ground = Ground::new(world, tables);
    let mut all = twins::of_the_province(&mut ground);
    all.extend(twins::of_a_group(&mut ground));
    all.extend(plant_patterns(&mut ground));
    all.extend(twins::of_few_units(&mut ground));
    all.iter_mut().for_each(|of| twins::forget_what_is_gone(&ground, of));
    let mut answers: Vec<Answer> = all.into_iter().flat_map(answers_of).collect();
    answers.sort();
    answers
}

fn answers_of(of: Occurrence) -> Vec<Answer> {
    let Occurrence { pattern, unit_id, strength, planted, .. } = of;
    let line = |(group, records)| Answer { pattern, unit_id: unit_id.clone(), group, records, strength: strength.to_owned() };
    planted.lines.into_iter().map(line).collect()
}

/// Every pattern in a unit of its own, and once more at the size of the documented case where there is one.
pub(super) fn plant_patterns(ground: &mut Ground<'_>) -> Vec<Occurrence> {
    let mut planted = Vec::new();
    for pattern in &PATTERNS {
        let seed = ground.world.seed;
        let stream_of = |word: &str| Stream::new(seed, &format!("planting {} {word}", pattern.name), &[]);
        let (share, strength) = SHARES[stream_of("strength").below(SHARES.len())];
        let mut doses = vec![(Dose { share, documented: false }, strength)];
        if let Some(share) = pattern.documented {
            doses.push((Dose { share, documented: true }, "documented"));
        }
        // Where only one unit will do, either may have it.
        if stream_of("order").chance(0.5) {
            doses.reverse();
        }
        for (dose, strength) in doses {
            planted.extend(plant_one(ground, pattern, (dose, strength), &mut stream_of(strength)));
        }
    }
    planted
}

fn plant_one(
    ground: &mut Ground<'_>,
    pattern: &'static Pattern,
    (dose, strength): (Dose, &'static str),
    stream: &mut Stream,
) -> Option<Occurrence> {
    let world = ground.world;
    let mut units: Vec<&Unit> = world.units.iter().filter(|unit| ground.is_free(unit)).collect();
    units.retain(|unit| (pattern.has)(ground, unit) >= pattern.needs);
    while !units.is_empty() {
        let unit = units.swap_remove(stream.below(units.len()));
        let Some(planted) = (pattern.plant)(ground, unit, dose, stream) else { continue };
        debug_assert!(planted.done <= planted.of, "{}: more records show it than there are", pattern.name);
        ground.take(&unit.id);
        planted.with.iter().for_each(|other| ground.take(other));
        return Some(Occurrence { pattern: pattern.name, unit_id: unit.id.clone(), dose: Some(dose), strength, planted });
    }
    None
}
