//! What is passed on or left lying: leads without an outcome, leads that go round in circles, patrols that exist on paper.
//!
//! In: a unit's leads, transfers, patrols. Out: the same with fewer or more steps. Never here: cases that came of leads, but for those
//! that did not come of them after all.

use crate::calendar::{DAY_MICROSECONDS, end_of_day, shanghai_day, start_of_day};
use crate::simulate::days::{HOUR, minutes};
use crate::simulate::draw::Stream;
use crate::simulate::planting::ground::Ground;
use crate::simulate::planting::{Dose, Planted};
use crate::simulate::world::{Tier, Unit};

/// Days after which a lead that lies has lain for long.
const LYING: i32 = 35;
/// Working days in which a lead must be decided (`filing.statutory`).
const LEAD_LIMIT: i32 = 15;
/// Working days before the limit in which leads are refused in a mass: its last day, or the three before.
const REFUSED_BEFORE: (i32, i32) = (0, 3);
/// Hands through which a lead goes: there and back, or on and on.
const HANDS: (i32, i32) = (2, 4);
/// Days until the next hand notices that the lead is none of its, and sends it on.
const NOTICED: (i32, i32) = (1, 10);
const SENT_ON: (i32, i32) = (0, 5);
/// Minutes of a patrol on paper.
const ON_PAPER: (i32, i32) = (2, 20);

fn old_leads(ground: &Ground<'_>, unit: &Unit) -> Vec<usize> {
    let leads = ground.of("leads");
    let mut rows = ground.of_year("leads", unit, "received_on");
    rows.retain(|row| leads.day(*row, "received_on").is_some_and(|day| day + LYING <= ground.last));
    rows.retain(|row| leads.instant(*row, "decision_at").is_some());
    rows
}

pub(super) fn leads(ground: &Ground<'_>, unit: &Unit) -> usize {
    old_leads(ground, unit).len()
}

/// Leads lie without registration or outcome, or are refused in a mass near their limit.
pub(super) fn lead_parking(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    let rows = old_leads(ground, unit);
    let chosen = Ground::pick(&rows, dose.share, stream);
    let (refuses, before) = (stream.chance(0.4), stream.between(REFUSED_BEFORE.0, REFUSED_BEFORE.1));
    for row in &chosen {
        let leads = ground.of("leads");
        let id = leads.word(*row, "lead_id");
        let received = leads.instant(*row, "received_at")?;
        // What was parked led to no case, and was not handed on.
        if let Some(case) = ground.of("cases").find_one("lead_id", &id) {
            ground.remove_case(case);
        }
        ground.remove_rows("lead_transfers", "lead_id", &id);
        let unseen = stream.chance(0.7);
        let leads = ground.edit("leads");
        if refuses {
            let limit = ground.world.days.plus_working(shanghai_day(received), LEAD_LIMIT - stream.between(0, before));
            let at = (start_of_day(limit) + 16 * HOUR + minutes(stream.between(0, 90))).max(received + HOUR);
            let leads = ground.edit("leads");
            leads.set_text(*row, "decision", "not_file");
            leads.set_text(*row, "reason", "违法事实不成立或情节轻微");
            leads.set_instant(*row, "decision_at", at);
            leads.set_instant(*row, "updated_at", at);
        } else {
            leads.clear(*row, &["decision", "decision_at", "reason", "extended_on"]);
            if unseen {
                leads.clear(*row, &["assigned_at", "checked_at"]);
            }
            leads.set_instant(*row, "updated_at", received + HOUR);
        }
    }
    Some(Planted::of(ground.ids("leads", &chosen), rows.len()))
}

/// Transfers of the unit that arrived somewhere and say what they are about.
fn sent(ground: &Ground<'_>, unit: &Unit) -> Vec<usize> {
    let transfers = ground.of("lead_transfers");
    let mut rows = transfers.find("from_unit", &unit.id);
    rows.retain(|row| {
        let names = transfers.text(*row, "lead_id").or(transfers.text(*row, "case_id")).is_some();
        let known = transfers.day(*row, "known_on");
        let kind = matches!(transfers.text(*row, "kind"), Some("cross_dept" | "cross_region" | "up" | "down"));
        let arrived = transfers.text(*row, "to_unit").is_some() && transfers.instant(*row, "transferred_at").is_some();
        names && kind && arrived && ground.in_year(known) && known.is_some_and(|day| day + LYING <= ground.last)
    });
    rows
}

pub(super) fn transfers(ground: &Ground<'_>, unit: &Unit) -> usize {
    sent(ground, unit).len()
}

/// A lead goes there and back, or through many hands.
pub(super) fn ping_pong_transfer(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    let rows = sent(ground, unit);
    let chosen = Ground::pick(&rows, dose.share, stream);
    let (returns, most) = (stream.chance(0.6), stream.between(HANDS.0, HANDS.1));
    let mut records = Vec::new();
    for row in &chosen {
        let hands = stream.between(HANDS.0, most);
        records.extend(ground.ids("lead_transfers", &[*row]));
        records.extend(pass_on(ground, unit, *row, hands, returns, stream)?);
    }
    Some(Planted { lines: vec![(String::new(), records)], done: chosen.len(), of: rows.len(), with: Vec::new() })
}

/// Ids of the further transfers of what the row handed on.
fn pass_on(ground: &mut Ground<'_>, unit: &Unit, row: usize, hands: i32, returns: bool, stream: &mut Stream) -> Option<Vec<String>> {
    let world = ground.world;
    let id = ground.of("lead_transfers").word(row, "transfer_id");
    let neighbours: Vec<&Unit> =
        world.units.iter().filter(|other| other.tier == Tier::County && other.city == unit.city && other.id != unit.id).collect();
    let (mut last, mut holder) = (row, ground.of("lead_transfers").word(row, "to_unit"));
    let mut ids = Vec::new();
    for hop in 2..=hands {
        let transfers = ground.edit("lead_transfers");
        let sent_at = transfers.instant(last, "transferred_at")?;
        // Whoever sends it on has not dealt with it.
        transfers.clear(last, &["outcome", "outcome_at", "evidence_used", "fed_back_at", "received_case_id", "accepted_at"]);
        let refused_at = sent_at + i64::from(stream.between(NOTICED.0, NOTICED.1)) * DAY_MICROSECONDS;
        let next_at = refused_at + i64::from(stream.between(SENT_ON.0, SENT_ON.1)) * DAY_MICROSECONDS + HOUR;
        if next_at >= end_of_day(ground.last) {
            break;
        }
        let transfers = ground.edit("lead_transfers");
        transfers.set_instant(last, "refused_at", refused_at);
        transfers.set_text(last, "refusal_reason", "不属于本机关管辖");
        transfers.touch(last, refused_at);
        let mut others = (0..20).map(|_| neighbours.get(stream.below(neighbours.len())).map_or(unit, |other| *other));
        let next = if returns && hop % 2 == 0 { unit } else { others.find(|other| other.id != holder).unwrap_or(unit) };
        if next.id == holder {
            break;
        }
        let regions = [holder.as_str(), next.id.as_str()]
            .map(|id| world.units.iter().find(|unit| unit.id == id).map(|unit| world.county_code_of(unit)));
        let file = ground.file_of(shanghai_day(refused_at));
        let transfers = ground.edit("lead_transfers");
        let copy = transfers.copy(row, file);
        let number = format!("{id}H{hop}");
        transfers.clear(copy, &["approved_at", "refused_at", "refusal_reason", "accepted_at", "outcome", "outcome_at", "fed_back_at"]);
        transfers.set_text(copy, "transfer_id", &number);
        transfers.set_text(copy, "from_unit", &holder);
        transfers.set_text(copy, "to_unit", &next.id);
        if let [Some(from), Some(to)] = &regions {
            transfers.set_text(copy, "from_region", from);
            transfers.set_text(copy, "to_region", to);
            transfers.set_text(copy, "kind", if from == to { "cross_dept" } else { "cross_region" });
        }
        transfers.set_instant(copy, "known_at", refused_at);
        transfers.set_day(copy, "known_on", shanghai_day(refused_at));
        transfers.set_instant(copy, "transferred_at", next_at);
        transfers.set_day(copy, "transferred_on", shanghai_day(next_at));
        transfers.set_whole(copy, "hop", i64::from(hop));
        transfers.set_instant(copy, "created_at", refused_at);
        transfers.set_instant(copy, "updated_at", next_at);
        ids.push(number);
        (last, holder) = (copy, next.id.clone());
    }
    Some(ids)
}

/// Patrols that the unit organised, with the other side's row.
fn organised(ground: &Ground<'_>, unit: &Unit) -> Vec<usize> {
    let patrols = ground.of("joint_patrols");
    let mut rows = patrols.find("organiser_unit", &unit.id);
    rows.retain(|row| {
        let sides = ground.of("joint_patrol_participants").find("patrol_id", &patrols.word(*row, "patrol_id"));
        ground.in_year(patrols.day(*row, "patrolled_on")) && sides.len() == 2
    });
    rows
}

pub(super) fn patrols(ground: &Ground<'_>, unit: &Unit) -> usize {
    organised(ground, unit).len()
}

/// The patrol took place on paper: the other side has nothing of it, there is no track, it lasted minutes.
pub(super) fn paper_patrol(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    let rows = organised(ground, unit);
    let chosen = Ground::pick(&rows, dose.share, stream);
    for row in &chosen {
        // Each lacks something; most lack more than that.
        let signs = [stream.chance(0.85), stream.chance(0.7), stream.chance(0.6)];
        let (unseen, trackless, short) = (signs[0] || !(signs[1] || signs[2]), signs[1], signs[2]);
        let length = minutes(stream.between(ON_PAPER.0, ON_PAPER.1));
        let patrols = ground.edit("joint_patrols");
        let id = patrols.word(*row, "patrol_id");
        let from = patrols.instant(*row, "from_at")?;
        patrols.set_whole(*row, "problems", 0);
        if trackless {
            patrols.clear(*row, &["place_gps"]);
        }
        if short {
            patrols.set_instant(*row, "to_at", from + length);
        }
        for side in ground.of("joint_patrol_participants").find("patrol_id", &id) {
            let is_own = ground.of("joint_patrol_participants").text(side, "unit_id") == Some(&unit.id);
            let sides = ground.edit("joint_patrol_participants");
            if !is_own && unseen {
                sides.set_truth(side, "recorded_own_system", false);
                sides.clear(side, &["recorded_from_at", "recorded_to_at", "confirmed_at", "own_record_no", "officers"]);
            } else if short && let Some(begun) = sides.instant(side, "recorded_from_at") {
                sides.set_instant(side, "recorded_to_at", begun + length);
            }
        }
    }
    Some(Planted::of(ground.ids("joint_patrols", &chosen), rows.len()))
}
