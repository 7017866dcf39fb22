//! Drawing a sample from a frame: who is in, who stays from the last time, who stands by.
//!
//! In: the frame's rows, the sample's rule, a seed that was published beforehand, the list drawn last. Out: a [`Drawing`]. Never here: SQL, files,
//! randomness that can't be had again, choice by hand.
//!
//! Every member of the frame has a permanent random number, a digest of the seed and its id. In each stratum the members stand in a ring by their
//! numbers, and the sample is a window of the ring that begins at a number: all members have the same chance, those that joined the frame lately
//! included, and one that leaves the frame makes room for the next. Drawing again moves the window on behind those who have served longest: they come
//! back only when the ring is through. Who joins inside the window pushes out whoever stands at its end, and that one may be back soon. Source: Ohlsson 1995, "Coordination of samples using permanent random numbers", in Cox (ed.), Business
//! Survey Methods, ch. 9. Numbers are shared out by [`survey::neyman_allocation`] or [`survey::proportional_allocation`].

pub mod list;

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::error::{Error, Kind, Result};
use crate::library::sample::{Allocation, Sample, Size};
use crate::statistics::survey;

/// A member of the frame.
#[derive(Debug, Clone, PartialEq)]
pub struct FrameRow {
    /// Key, unique in the frame.
    pub id: String,
    /// Stratum.
    pub stratum: String,
    /// Standard deviation expected in its stratum.
    pub deviation: Option<f64>,
    /// What the list carries along, in the order of [`Frame::columns`].
    pub carried: Vec<String>,
}

/// All from whom the sample is drawn.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Frame {
    /// Names of what is carried along.
    pub columns: Vec<String>,
    /// Members, in any order.
    pub rows: Vec<FrameRow>,
}

impl Frame {
    /// Digest of who is in the frame and in which stratum, whatever the order of the rows.
    pub fn digest(&self) -> String {
        let mut members: Vec<(&str, &str)> = self.rows.iter().map(|row| (row.id.as_str(), row.stratum.as_str())).collect();
        members.sort_unstable();
        let mut hasher = blake3::Hasher::new();
        for part in members.into_iter().flat_map(|(id, stratum)| [id, stratum]) {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}

/// Why somebody is on the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Was in the sample before.
    Kept,
    /// Is in it for the first time, or again.
    Entered,
    /// Stands by: replaces a member of the same stratum, in this order.
    Reserve,
}

impl Role {
    /// Its word in the list.
    pub fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Entered => "entered",
            Self::Reserve => "reserve",
        }
    }
}

/// Somebody on the list.
#[derive(Debug, Clone, PartialEq)]
pub struct Member<'a> {
    /// Of the frame.
    pub row: &'a FrameRow,
    /// Why.
    pub role: Role,
    /// Permanent random number.
    pub number: u64,
    /// Members of the frame that this one stands for, N/n; zero for a reserve.
    pub weight: Decimal,
}

/// One stratum of a drawing.
#[derive(Debug, Clone, PartialEq)]
pub struct Stratum {
    /// Its name.
    pub name: String,
    /// The number at which the window begins.
    pub begins: u64,
    /// Members of the frame, N.
    pub frame: usize,
    /// Members of the sample, n.
    pub drawn: usize,
    /// Of these, those from the last time.
    pub kept: usize,
    /// Members of the last time that are not any more: retired, or not in the frame any more.
    pub retired: usize,
}

/// A drawn sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing<'a> {
    /// Strata by name.
    pub strata: Vec<Stratum>,
    /// Members by stratum and place in the window, reserves behind them.
    pub members: Vec<Member<'a>>,
}

/// The sample drawn last, as far as the next needs it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Previous {
    /// Ids by stratum, in the order of the window; no reserves.
    pub members: BTreeMap<String, Vec<String>>,
    /// Where each stratum's window began.
    pub begins: BTreeMap<String, u64>,
}

/// Permanent random number of a member: the first eight bytes of a digest of sample, seed and id.
///
/// The sample's name is part of it, so that one firm's place in two samples has nothing to do with each other.
pub fn number(sample: &str, seed: &str, id: &str) -> u64 {
    let mut hasher = blake3::Hasher::new();
    for part in [sample, seed, id] {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
    }
    let mut first = [0; 8];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    u64::from_be_bytes(first)
}

/// Draws the sample. The order of the frame's rows changes nothing.
///
/// With `previous`, of each stratum's last members the share [`Sample::rotation`] leaves, those first that stand first in the window; who left the
/// frame counts as left, and where fewer are drawn than before those first in the window make room. Without, the window begins at 0.
///
/// # Errors
/// A frame without rows, with an id twice, an empty id or stratum; a size that the strata can't hold; Neyman without deviations.
pub fn draw<'a>(sample: &Sample, frame: &'a Frame, seed: &str, previous: Option<&Previous>) -> Result<Drawing<'a>> {
    let rings = rings(sample, frame, seed)?;
    let sizes = sizes(sample, &rings)?;
    let mut drawing = Drawing { strata: Vec::new(), members: Vec::new() };
    for ((name, ring), drawn) in rings.iter().zip(sizes) {
        let last = previous.and_then(|previous| previous.members.get(*name)).map_or(&[][..], Vec::as_slice);
        let begins = previous.and_then(|previous| previous.begins.get(*name)).copied().unwrap_or(0);
        let begins = moved_on(begins, ring, last, drawn, sample);
        // The ring is closed: behind the greatest number comes the smallest.
        let begin = ring.iter().position(|(number, _)| *number >= begins).unwrap_or(0);
        let was_member: BTreeSet<&str> =
            previous.iter().flat_map(|previous| previous.members.values().flatten()).map(String::as_str).collect();
        let window = || (0..ring.len()).map(|place| ring[(begin + place) % ring.len()]);
        let weight = (Decimal::from(ring.len()) / Decimal::from(drawn.max(1))).round_dp(6).normalize();
        let members = window().take(drawn).map(|(number, row)| {
            let role = if was_member.contains(row.id.as_str()) { Role::Kept } else { Role::Entered };
            Member { row, role, number, weight }
        });
        let before = drawing.members.len();
        drawing.members.extend(members);
        let in_sample: BTreeSet<&str> = drawing.members[before..].iter().map(|member| member.row.id.as_str()).collect();
        let kept = drawing.members[before..].iter().filter(|member| member.role == Role::Kept).count();
        let retired = last.iter().filter(|id| !in_sample.contains(id.as_str())).count();
        drawing.strata.push(Stratum { name: (*name).to_owned(), begins, frame: ring.len(), drawn, kept, retired });
        let reserves = whole(sample.reserves * Decimal::from(drawn), RoundingStrategy::AwayFromZero);
        let standing_by = window().skip(drawn).take(reserves);
        drawing.members.extend(standing_by.map(|(number, row)| Member { row, role: Role::Reserve, number, weight: Decimal::ZERO }));
    }
    Ok(drawing)
}

type Ring<'a> = Vec<(u64, &'a FrameRow)>;

/// Members of each stratum by their numbers; equal numbers, which nobody will see, by id.
fn rings<'a>(sample: &Sample, frame: &'a Frame, seed: &str) -> Result<BTreeMap<&'a str, Ring<'a>>> {
    let wrong = |says: String| Error::new(Kind::Query, format!("{}: {says}", sample.file));
    if frame.rows.is_empty() {
        return Err(wrong("the frame has no rows: there is nobody to draw".to_owned()).with_hint("run its SELECT with `kaohe sql`"));
    }
    let mut seen = BTreeSet::new();
    let mut rings: BTreeMap<&str, Ring> = BTreeMap::new();
    for row in &frame.rows {
        if row.id.is_empty() || row.stratum.is_empty() {
            return Err(wrong(format!("a row of the frame has no id or no stratum (id `{}`, stratum `{}`)", row.id, row.stratum))
                .with_hint("leave such rows out in the SELECT, or give them a stratum of their own"));
        }
        if !seen.insert(row.id.as_str()) {
            return Err(wrong(format!("`{}` stands in the frame twice: it would have twice the chance", row.id))
                .with_hint("one row an id: GROUP BY, or the span that is in force"));
        }
        rings.entry(&row.stratum).or_default().push((number(&sample.name, seed, &row.id), row));
    }
    rings.values_mut().for_each(|ring| ring.sort_by(|a, b| (a.0, &a.1.id).cmp(&(b.0, &b.1.id))));
    Ok(rings)
}

/// How many are drawn from each stratum, in the order of their names.
fn sizes(sample: &Sample, rings: &BTreeMap<&str, Ring<'_>>) -> Result<Vec<usize>> {
    let in_frame: Vec<u32> = rings.values().map(|ring| u32::try_from(ring.len()).unwrap_or(u32::MAX)).collect();
    let whole = match sample.size {
        Size::OfStratum(each) => return Ok(in_frame.iter().map(|size| (*size).min(each) as usize).collect()),
        Size::Whole(whole) => whole,
    };
    let all: u64 = in_frame.iter().copied().map(u64::from).sum();
    let wrong = |says: String| Error::new(Kind::Query, format!("{}: {says}", sample.file));
    if u64::from(whole) > all {
        return Err(
            wrong(format!("{whole} can't be drawn: the frame has {all} members")).with_hint("set a smaller `size`, or widen the frame")
        );
    }
    let least: u64 = in_frame.iter().map(|size| u64::from((*size).min(sample.minimum))).sum();
    if least > u64::from(whole) {
        return Err(wrong(format!(
            "{} strata with at least {} each need {least}, more than the {whole} to be drawn",
            rings.len(),
            sample.minimum
        ))
        .with_hint("set a smaller `minimum`, a greater `size`, or fewer strata"));
    }
    let numbers = match sample.allocation {
        Allocation::Proportional => survey::proportional_allocation(whole, &in_frame, sample.minimum),
        Allocation::Neyman => {
            let deviation = |ring: &Ring<'_>| {
                let mut known: Vec<f64> = ring.iter().filter_map(|(_, row)| row.deviation).collect();
                known.sort_by(f64::total_cmp);
                (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
            };
            let deviations: Vec<Option<f64>> = rings.values().map(deviation).collect();
            // A stratum of which nobody knows anything is taken for an average one.
            let known: Vec<f64> = deviations.iter().copied().flatten().collect();
            let usual = if known.is_empty() { 1.0 } else { known.iter().sum::<f64>() / known.len() as f64 };
            let deviations: Vec<f64> = deviations.into_iter().map(|deviation| deviation.unwrap_or(usual)).collect();
            survey::neyman_allocation(whole, &in_frame, &deviations, sample.minimum)
        }
    };
    let numbers = numbers.ok_or_else(|| wrong("a `deviation` is negative or no number".to_owned()))?;
    Ok(numbers.into_iter().map(|number| number as usize).collect())
}

/// Where the window begins after those who leave have left: just behind the last of them.
///
/// Not at the first who stays: somebody who joined the frame between the two would be passed over, and so have a smaller chance than the others.
fn moved_on(begins: u64, ring: &Ring<'_>, last: &[String], drawn: usize, sample: &Sample) -> u64 {
    let numbers: BTreeMap<&str, u64> = ring.iter().map(|(number, row)| (row.id.as_str(), *number)).collect();
    let staying: Vec<u64> = last.iter().filter_map(|id| numbers.get(id.as_str()).copied()).collect();
    let leave = whole(sample.rotation * Decimal::from(last.len()), RoundingStrategy::MidpointAwayFromZero);
    let still_to_leave = leave.saturating_sub(last.len() - staying.len()).max(staying.len().saturating_sub(drawn)).min(staying.len());
    match still_to_leave.checked_sub(1) {
        Some(last_to_leave) => staying[last_to_leave].wrapping_add(1),
        None => begins,
    }
}

fn whole(amount: Decimal, rounding: RoundingStrategy) -> usize {
    amount.round_dp_with_strategy(0, rounding).to_usize().unwrap_or(0)
}

#[cfg(test)]
mod tests;
