//! What people are said to have said: orders closed without a call, bursts of stars, somebody else's idea.
//!
//! In: a unit's orders, ratings and ideas. Out: the same, and ratings of acts that nobody had rated. Never here: real people.

use std::collections::BTreeSet;

use crate::calendar::{end_of_day, shanghai_day, start_of_day};
use crate::simulate::days::{HOUR, minutes};
use crate::simulate::draw::Stream;
use crate::simulate::planting::ground::Ground;
use crate::simulate::planting::{Dose, Planted};
use crate::simulate::world::Unit;

/// Ratings of one sitting, and the minutes that it takes.
const BURST: (i32, i32) = (5, 18);
const BURST_MINUTES: (i32, i32) = (2, 20);
/// Seconds between the closing of an act and its stars.
const SECONDS_AFTER: (i32, i32) = (3, 55);
/// Hours in which an order is closed without a call.
const CLOSED_WITHIN: (i32, i32) = (1, 72);
/// Days by which a burst lies after the acts that it rates.
const RATED_AFTER: (i32, i32) = (0, 6);

fn closed(ground: &Ground<'_>, unit: &Unit) -> Vec<usize> {
    let orders = ground.of("hotline_orders");
    let mut rows = ground.of_year("hotline_orders", unit, "created_on");
    rows.retain(|row| {
        let called = orders.instant(*row, "called_at").is_some() && orders.instant(*row, "dispatched_at").is_some();
        orders.instant(*row, "closed_at").is_some() && orders.truth(*row, "anonymous") != Some(true) && called
    });
    rows
}

pub(super) fn closed_orders(ground: &Ground<'_>, unit: &Unit) -> usize {
    closed(ground, unit).len()
}

/// Orders closed as resolved and satisfied though nobody called back.
pub(super) fn silent_closure(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    let rows = closed(ground, unit);
    let chosen = Ground::pick(&rows, dose.share, stream);
    let (hasty, made_up) = (stream.chance(0.6), stream.chance(0.5));
    for row in &chosen {
        let last = end_of_day(ground.last);
        let orders = ground.edit("hotline_orders");
        let (dispatched, before) = (orders.instant(*row, "dispatched_at")?, orders.instant(*row, "closed_at")?);
        let soon = dispatched + i64::from(stream.between(CLOSED_WITHIN.0, CLOSED_WITHIN.1)) * HOUR;
        let at = if hasty { soon.min(before) } else { before };
        orders.clear(*row, &["first_contact_at", "answered_at", "extended_to"]);
        orders.set_instant(*row, "closed_at", at);
        orders.set_truth(*row, "resolved", true);
        let happy = if stream.chance(0.8) { "very_satisfied" } else { "satisfied" };
        orders.set_text(*row, "satisfaction", happy);
        // Some write a call into the record that nobody made.
        let callback = at + i64::from(stream.between(1, 30)) * 60_000_000;
        orders.set_instant(*row, "callback_at", Some(callback).filter(|callback| made_up && *callback < last));
        orders.set_instant(*row, "updated_at", at);
        let id = orders.word(*row, "order_id");
        for copy in ground.of("complaints").find("order_id", &id) {
            ground.edit("complaints").clear(copy, &["first_contact_at"]);
        }
    }
    Some(Planted::of(ground.ids("hotline_orders", &chosen), rows.len()))
}

pub(super) fn ratings(ground: &Ground<'_>, unit: &Unit) -> usize {
    ground.of_year("ratings", unit, "rated_on").len()
}

/// An act that is over: its number, kind, domain, officer, and when.
struct Act {
    id: String,
    kind: &'static str,
    domain: String,
    officer: Option<String>,
    at: i64,
}

/// Acts of the year that nobody rated.
fn unrated(ground: &Ground<'_>, unit: &Unit) -> Vec<Act> {
    let mut acts = Vec::new();
    for (table, kind, day, until) in [("cases", "case", "delivered_on", ""), ("inspections", "inspection", "checked_on", "checked_to")] {
        let known = ground.of(table);
        for row in ground.of_year(table, unit, day) {
            let id = known.word(row, &known.key[0]);
            let over = known.instant(row, until).or(known.day(row, day).map(|day| start_of_day(day) + 16 * HOUR));
            if let Some(at) = over.filter(|at| shanghai_day(*at) + RATED_AFTER.1 <= ground.last && !is_rated(ground, &id)) {
                acts.push(Act { id, kind, domain: known.word(row, "domain"), officer: known.list(row, "officers").first().cloned(), at });
            }
        }
    }
    acts.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    acts
}

fn is_rated(ground: &Ground<'_>, act: &str) -> bool {
    !ground.of("ratings").find("rating_id", &format!("PJ{act}")).is_empty()
}

/// 刷好评: top ratings in bursts of minutes, from one telephone, seconds after each act was closed.
pub(super) fn rating_stuffing(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    let rated = ground.of_year("ratings", unit, "rated_on");
    let acts = unrated(ground, unit);
    // So many new ones that they are the dose's share of all; where the acts do not suffice, real ratings are written over.
    let wanted = if dose.share < 1.0 { rated.len() as f64 * dose.share / (1.0 - dose.share) } else { rated.len() as f64 * 2.0 };
    let places: Vec<usize> = (0..acts.len()).collect();
    let added = (wanted.round() as usize).clamp(1, acts.len().max(1)).min(acts.len());
    let chosen = if added == 0 { Vec::new() } else { Ground::pick(&places, added as f64 / acts.len() as f64, stream) };
    let total = rated.len() + chosen.len();
    let overwritten = ((total as f64 * dose.share).round() as usize).saturating_sub(chosen.len()).min(rated.len());
    let mut stuffed: Vec<(i64, usize)> = Vec::new();
    if overwritten > 0 {
        let old = Ground::pick(&rated, overwritten as f64 / rated.len() as f64, stream);
        stuffed.extend(old.into_iter().map(|row| (ground.of("ratings").instant(row, "rated_at").unwrap_or(0), row)));
    }
    for place in chosen {
        let act = &acts[place];
        stuffed.push((act.at, add_rating(ground, unit, act)));
    }
    stuffed.sort_unstable();
    let mut left = stuffed.as_slice();
    let (telephone, network) = (format!("{:08x}", stream.below(1 << 30)), format!("10.{}.{}", stream.below(200), stream.below(200)));
    while !left.is_empty() {
        let size = (stream.between(BURST.0, BURST.1) as usize).min(left.len());
        burst(ground, &left[..size], (&telephone, &network), stream);
        left = &left[size..];
    }
    let rows: Vec<usize> = stuffed.iter().map(|(_, row)| *row).collect();
    Some(Planted::of(ground.ids("ratings", &rows), total))
}

fn add_rating(ground: &mut Ground<'_>, unit: &Unit, act: &Act) -> usize {
    let file = ground.file_of(shanghai_day(act.at));
    let ratings = ground.edit("ratings");
    let row = ratings.add(file);
    for (column, text) in [
        ("rating_id", format!("PJ{}", act.id).as_str()),
        ("unit_id", unit.id.as_str()),
        ("domain", act.domain.as_str()),
        ("ref_kind", act.kind),
        ("ref_id", act.id.as_str()),
    ] {
        ratings.set_text(row, column, text);
    }
    if let Some(officer) = &act.officer {
        ratings.set_text(row, "officer_id", officer);
    }
    row
}

/// The ratings were given one after the other, after the last of their acts.
fn burst(ground: &mut Ground<'_>, rows: &[(i64, usize)], (telephone, network): (&str, &str), stream: &mut Stream) {
    let newest = rows.iter().map(|(at, _)| shanghai_day(*at)).max().unwrap_or(ground.last);
    let day = ground.world.days.working(newest + stream.between(RATED_AFTER.0, RATED_AFTER.1));
    let day = if day > ground.last { newest } else { day };
    let begins = (start_of_day(day) + 17 * HOUR + minutes(stream.between(0, 240))).max(rows.iter().map(|(at, _)| *at).max().unwrap_or(0));
    let begins = begins.min(end_of_day(ground.last) - HOUR);
    let step = minutes(stream.between(BURST_MINUTES.0, BURST_MINUTES.1)) / rows.len() as i64;
    // Each burst has its device, or all have one.
    let device = if stream.chance(0.5) { telephone.to_owned() } else { format!("{:08x}", stream.below(1 << 30)) };
    let channel = if stream.chance(0.7) { "qr" } else { "app" };
    for (nth, (_, row)) in rows.iter().enumerate() {
        let at = begins + step * nth as i64 + i64::from(stream.between(0, 3)) * 1_000_000;
        let closed = at - i64::from(stream.between(SECONDS_AFTER.0, SECONDS_AFTER.1)) * 1_000_000;
        let ratings = ground.edit("ratings");
        ratings.clear(*row, &["bad_handled_at", "bad_result", "callback_at", "satisfaction"]);
        ratings.set_whole(*row, "stars", 5);
        ratings.set_truth(*row, "is_automatic", false);
        for (column, text) in [("channel", channel), ("device_hash", device.as_str()), ("phone_hash", telephone), ("ip_prefix", network)] {
            ratings.set_text(*row, column, text);
        }
        ratings.set_day(*row, "rated_on", shanghai_day(at));
        ratings.set_instant(*row, "rated_at", at);
        ratings.set_instant(*row, "act_finished_at", closed);
        ratings.set_instant(*row, "updated_at", at);
    }
}

fn told(ground: &Ground<'_>, unit: &Unit) -> Vec<usize> {
    let mut rows = ground.of_year("innovation_cases", unit, "submitted_on");
    rows.retain(|row| ground.of("innovation_cases").text(*row, "text").is_some() && !told_before(ground, unit, *row).is_empty());
    rows
}

/// Ideas that other units had told before.
fn told_before(ground: &Ground<'_>, unit: &Unit, row: usize) -> Vec<usize> {
    let ideas = ground.of("innovation_cases");
    let day = ideas.day(row, "submitted_on");
    let mut others = ideas.rows();
    others.retain(|other| {
        let earlier = ideas.day(*other, "submitted_on") < day;
        earlier && ideas.text(*other, "unit_id") != Some(&unit.id) && ideas.text(*other, "text").is_some()
    });
    others
}

pub(super) fn innovations(ground: &Ground<'_>, unit: &Unit) -> usize {
    told(ground, unit).len()
}

/// An idea in another unit's words.
pub(super) fn copy_innovation(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    let rows = told(ground, unit);
    let chosen = Ground::pick(&rows, dose.share, stream);
    let mut taken = BTreeSet::new();
    for row in &chosen {
        let mut others = told_before(ground, unit, *row);
        let fresh: Vec<usize> = others.iter().copied().filter(|other| !taken.contains(other)).collect();
        if !fresh.is_empty() {
            others = fresh;
        }
        let from = others[stream.below(others.len())];
        taken.insert(from);
        let ideas = ground.of("innovation_cases");
        let (text, title, kind) = (ideas.word(from, "text"), ideas.word(from, "title"), ideas.word(from, "kind"));
        let author = ideas.word(from, "unit_id");
        let author = ground.world.units.iter().find(|other| other.id == author).map_or("", |other| other.name.as_str());
        let copied = retouch(&text.replacen(author, &unit.name, 1), stream);
        let ideas = ground.edit("innovation_cases");
        ideas.set_text(*row, "text", &copied);
        ideas.set_text(*row, "title", &title);
        ideas.set_text(*row, "kind", &kind);
        if kind != "data_sharing" {
            ideas.clear(*row, &["second_unit", "second_confirmed_on"]);
        }
        if ideas.text(*row, "text_hash").is_some() {
            ideas.set_text(*row, "text_hash", &blake3::hash(copied.as_bytes()).to_hex()[..16]);
        }
    }
    Some(Planted::of(ground.ids("innovation_cases", &chosen), rows.len()))
}

/// Little is changed: a number, a sentence left out at the end.
fn retouch(text: &str, stream: &mut Stream) -> String {
    let (digits, shorter) = (stream.chance(0.6), stream.chance(0.4));
    let text: String = text.chars().map(|letter| if digits && letter == '3' { '5' } else { letter }).collect();
    let sentences: Vec<&str> = text.split_inclusive('。').collect();
    if shorter && sentences.len() > 2 { sentences[..sentences.len() - 1].concat() } else { text }
}
