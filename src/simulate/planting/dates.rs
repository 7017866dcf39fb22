//! Days that are not those on which things happened: decisions before what must precede them, before they were signed, just inside a
//! limit, too soon after the notice, on days of rest.
//!
//! In: a unit's cases. Out: the same cases with other days, in every table that repeats them. Never here: when things were entered
//! (see `entry`).

use crate::calendar::{shanghai_day, start_of_day};
use crate::simulate::days::{Days, HOUR, MINUTE};
use crate::simulate::draw::Stream;
use crate::simulate::planting::ground::{Ground, Step};
use crate::simulate::planting::{Dose, Planted};
use crate::simulate::world::Unit;

/// Days by which a decision lies before what must precede it: from the clerk's slip of a day to a file made up weeks later.
const INVERTED_BY: (i32, i32) = (1, 25);
/// Days by which a file is dated back before it was signed: a few days to make a limit, or weeks.
const DATED_BACK_BY: (i32, i32) = (3, 40);
/// Overruns that make the documented case: one would be chance.
const OVERRUNS: usize = 3;
/// Days before the limit in which the work that is timed to it falls: the eve of it, or its last week.
const LAST_DAYS: (i32, i32) = (1, 7);
/// Working days after the notice; the law leaves the party five.
const NOTICE_DAYS: i32 = 5;
/// Working days in which a lead must be filed (`filing.statutory`); the environment counts fifteen calendar days.
const FILING_LIMIT: i32 = 15;

/// Ordinary cases whose notice is known.
fn with_notice(ground: &Ground<'_>, unit: &Unit) -> Vec<usize> {
    let mut rows = ground.ordinary(unit);
    rows.retain(|row| {
        let notice = ground.day_of(*row, Step::Notice);
        notice.zip(ground.of("cases").day(*row, "decided_on")).is_some_and(|(notice, decided)| notice < decided)
    });
    rows
}

pub(super) fn ordered(ground: &Ground<'_>, unit: &Unit) -> usize {
    with_notice(ground, unit).len()
}

/// 倒签: the decision bears a day before its notice, its filing or its review, or was handed over before it was made.
pub(super) fn stage_inversion(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    let rows = with_notice(ground, unit);
    let chosen = Ground::pick(&rows, dose.share, stream);
    // What the unit makes up: mostly the notice was forgotten and written afterwards.
    let weights = [4.0 * stream.unit() + 1.0, stream.unit(), 2.0 * stream.unit(), 1.5 * stream.unit()];
    let most = stream.between(INVERTED_BY.0 + 2, INVERTED_BY.1);
    for row in &chosen {
        let back = stream.between(INVERTED_BY.0, most);
        let kind = stream.weighted(&weights);
        let (Some(notice), Some(filed)) = (ground.day_of(*row, Step::Notice), ground.day_of(*row, Step::Filed)) else { continue };
        let review = ground.day_of(*row, Step::Review).filter(|review| *review > filed);
        let decided = ground.day_of(*row, Step::Decision).unwrap_or(notice);
        match (kind, review) {
            (1, _) => ground.set_day_of(*row, Step::Decision, Some((filed - back.min(10)).max(ground.first))),
            (2, Some(review)) => ground.set_day_of(*row, Step::Decision, Some((review - back.min(10)).max(filed))),
            (3, _) => ground.set_day_of(*row, Step::Delivery, Some(decided - back)),
            // Filing stays before it where there is room.
            _ => ground.set_day_of(*row, Step::Decision, Some((notice - back).max(filed.min(notice - 1)))),
        }
    }
    Some(Planted::of(ground.ids("cases", &chosen), rows.len()))
}

pub(super) fn short_notice(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    let rows = with_notice(ground, unit);
    let chosen = Ground::pick(&rows, dose.share, stream);
    let most = stream.between(0, NOTICE_DAYS - 1);
    for row in &chosen {
        let decided = ground.day_of(*row, Step::Decision)?;
        let notice = ground.world.days.minus_working(decided, stream.between(0, most));
        let notice = notice.max(ground.day_of(*row, Step::Filed)?);
        ground.set_day_of(*row, Step::Notice, Some(notice));
        // Nobody waived anything.
        let id = ground.of("cases").word(*row, "case_id");
        for paper in ground.of("case_documents").find("case_id", &id) {
            if ground.of("case_documents").text(paper, "doc_kind") == Some("waiver") {
                ground.edit("case_documents").remove(paper);
            }
        }
    }
    Some(Planted::of(ground.ids("cases", &chosen), rows.len()))
}

/// Ordinary cases of which the decision is on file, and days lie between filing and decision.
fn on_file(ground: &Ground<'_>, unit: &Unit) -> Vec<usize> {
    let mut rows = ground.ordinary(unit);
    rows.retain(|row| decision_paper(ground, *row).is_some());
    rows
}

fn decision_paper(ground: &Ground<'_>, case: usize) -> Option<usize> {
    let papers = ground.of("case_documents");
    let rows = papers.find("case_id", &ground.of("cases").word(case, "case_id"));
    rows.into_iter().find(|row| papers.text(*row, "doc_kind") == Some("decision"))
}

pub(super) fn datable(ground: &Ground<'_>, unit: &Unit) -> usize {
    with_room(ground, unit).len()
}

/// Cases on file whose file can be dated back without coming before the filing.
fn with_room(ground: &Ground<'_>, unit: &Unit) -> Vec<usize> {
    let mut rows = on_file(ground, unit);
    rows.retain(|row| room_of(ground, *row) >= DATED_BACK_BY.0);
    rows
}

/// Days by which every paper of the file can be dated back after the filing, and the decision inside the year.
fn room_of(ground: &Ground<'_>, case: usize) -> i32 {
    let filed = ground.day_of(case, Step::Filed).unwrap_or(i32::MAX);
    let decided = ground.day_of(case, Step::Decision).unwrap_or(filed);
    let steps = [Step::Investigated, Step::Notice, Step::Hearing, Step::Review, Step::Discussion];
    let earliest = steps.iter().filter_map(|step| ground.day_of(case, *step)).min().unwrap_or(decided);
    (earliest - filed - 1).min(decided - ground.first)
}

/// The decision's paper bears a day before it was signed, or before the pictures that it rests on were taken.
pub(super) fn decision_vs_media(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    if dose.documented {
        return overrun_dated_back(ground, unit, stream);
    }
    let rows = with_room(ground, unit);
    let chosen = Ground::pick(&rows, dose.share, stream);
    let most = stream.between(DATED_BACK_BY.0 + 2, DATED_BACK_BY.1);
    // What gives the unit away: its signatures, its pictures, or both.
    let (signs, films) = [(true, false), (false, true), (true, true)][stream.below(3)];
    for row in ground.ordinary(unit) {
        let real = ground.day_of(row, Step::Decision)?;
        let is_chosen = chosen.contains(&row);
        if is_chosen {
            let back = stream.between(DATED_BACK_BY.0, most).min(room_of(ground, row));
            ground.shift_steps(row, &Step::INSIDE, -back);
        }
        // A unit whose system notes signatures notes all of them; so with pictures.
        if signs {
            sign(ground, row, real, stream);
        }
        if films && (is_chosen || stream.chance(0.5)) {
            let dated = ground.day_of(row, Step::Decision)?;
            let taken = if is_chosen { stream.between(dated + 1, real.max(dated + 1)) } else { picture_day(ground, row, stream) };
            add_picture(ground, unit, row, taken, stream);
        }
    }
    Some(Planted::of(ground.ids("cases", &chosen), rows.len()))
}

/// A day on which an honest picture is taken: soon after the filing.
fn picture_day(ground: &Ground<'_>, case: usize, stream: &mut Stream) -> i32 {
    let found = ground.of("cases").instant(case, "found_at").map(shanghai_day);
    let decided = ground.of("cases").day(case, "decided_on").unwrap_or(ground.last);
    (found.unwrap_or(decided) + stream.between(0, 3)).min(decided)
}

/// The decision was signed on the day.
fn sign(ground: &mut Ground<'_>, case: usize, day: i32, stream: &mut Stream) {
    if let Some(paper) = decision_paper(ground, case) {
        let at = ground.world.days.office_hour(day, stream);
        ground.edit("case_documents").set_instant(paper, "signed_at", at);
        ground.edit("case_documents").touch(paper, at);
    }
}

/// A picture in the case's file.
pub(super) fn add_picture(ground: &mut Ground<'_>, unit: &Unit, case: usize, day: i32, stream: &mut Stream) -> usize {
    let cases = ground.of("cases");
    let (id, domain) = (cases.word(case, "case_id"), cases.word(case, "domain"));
    let entered = cases.instant(case, "created_at");
    let captured = ground.world.days.office_hour(day, stream).min(start_of_day(ground.last) + 20 * HOUR);
    let created = entered.unwrap_or(captured).max(captured + HOUR).min(start_of_day(ground.last) + 22 * HOUR);
    let picture: String = (0..8).map(|_| format!("{:08x}", stream.below(1 << 31))).collect();
    let number = (0..100).map(|nth| format!("ZJ{id}P{nth}")).find(|file| ground.of("evidence_files").find("file_id", file).is_empty());
    let (number, file, bytes) =
        (number.expect("a case has few pictures"), ground.file_of(shanghai_day(created)), stream.between(80, 6_000));
    let files = ground.edit("evidence_files");
    let row = files.add(file);
    for (column, text) in [
        ("file_id", number.as_str()),
        ("case_id", id.as_str()),
        ("unit_id", unit.id.as_str()),
        ("domain", domain.as_str()),
        ("kind", "photo"),
        ("sha256", picture.as_str()),
        ("phash", &picture[..16]),
    ] {
        files.set_text(row, column, text);
    }
    files.set_day(row, "created_on", shanghai_day(created));
    files.set_instant(row, "captured_at", captured);
    files.set_instant(row, "exif_time", captured - MINUTE);
    files.set_whole(row, "bytes", i64::from(bytes) * 1_000);
    files.set_instant(row, "updated_at", created);
    row
}

/// Sichuan 2024: decided after the ninetieth day. Told as inside the ninety: in one office the paper is dated back, while signature and files come later; in
/// another the paper bears its date, and the register holds that of an opinion or a telephone call before it.
fn overrun_dated_back(ground: &mut Ground<'_>, unit: &Unit, stream: &mut Stream) -> Option<Planted> {
    let mut rows = on_file(ground, unit);
    rows.retain(|row| {
        let cases = ground.of("cases");
        let lag = cases.day(*row, "decided_on").zip(cases.day(*row, "filed_on")).map(|(decided, filed)| decided - filed);
        lag.is_some_and(|lag| lag > ground.limit_of(*row))
    });
    if rows.len() < OVERRUNS {
        return None;
    }
    let is_paper_true = stream.chance(0.5);
    for row in ground.ordinary(unit) {
        let real = ground.day_of(row, Step::Decision)?;
        if !rows.contains(&row) {
            sign(ground, row, real, stream);
            continue;
        }
        // The ninety-third day, or near it; the paper says one of the last before the ninetieth.
        let limit = ground.day_of(row, Step::Filed)? + ground.limit_of(row);
        let (over, inside) = (stream.between(1, 6), stream.between(0, 5));
        let real = real.min(limit + over);
        let back = ground.day_of(row, Step::Decision)? - real;
        ground.shift_steps(row, &Step::INSIDE, -back);
        ground.set_day_of(row, Step::Decision, Some(limit - inside));
        let latest = ground.last;
        let review = ground.day_of(row, Step::Review).map(|_| (real - 1).min(latest));
        ground.set_day_of(row, Step::Review, review);
        if let Some(paper) = decision_paper(ground, row).filter(|_| is_paper_true) {
            ground.edit("case_documents").set_day(paper, "dated_on", Some(real));
        }
        sign(ground, row, real, stream);
    }
    Some(Planted::of(ground.ids("cases", &rows), rows.len()))
}

/// Cases decided in time, of which the limit is over, and that nothing stopped: their end can be moved to it.
pub(super) fn in_time(ground: &Ground<'_>, unit: &Unit) -> Vec<usize> {
    let cases = ground.of("cases");
    let mut rows = ground.ordinary(unit);
    rows.retain(|row| {
        let stopped = !ground.of("case_suspensions").find("case_id", &cases.word(*row, "case_id")).is_empty();
        let (filed, decided) = (cases.day(*row, "filed_on").unwrap_or(i32::MAX), cases.day(*row, "decided_on").unwrap_or(i32::MAX));
        let limit = filed.saturating_add(ground.limit_of(*row));
        !stopped && cases.number(*row, "extension_days").is_none() && decided <= limit && limit <= ground.last
    });
    rows
}

pub(super) fn movable(ground: &Ground<'_>, unit: &Unit) -> usize {
    in_time(ground, unit).len()
}

/// Decisions, or filings, in the last days before the limit, whatever the work would have taken.
pub(super) fn deadline_bunching(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    let (last_days, of_filing) = (stream.between(LAST_DAYS.0, LAST_DAYS.1), stream.chance(0.35));
    let filings = from_leads(ground, unit);
    if of_filing && filings.len() >= super::RECORDS {
        let chosen = Ground::pick(&filings, dose.share, stream);
        for row in &chosen {
            file_at_the_limit(ground, *row, stream.between(0, last_days / 2));
        }
        return Some(Planted::of(ground.ids("cases", &chosen), filings.len()));
    }
    let rows = in_time(ground, unit);
    let chosen = Ground::pick(&rows, dose.share, stream);
    for row in &chosen {
        finish_before_the_limit(ground, *row, stream.between(0, last_days));
    }
    Some(Planted::of(ground.ids("cases", &chosen), rows.len()))
}

/// Moves the decision and what leads to it so many days before the limit, or to the working day before.
pub(super) fn finish_before_the_limit(ground: &mut Ground<'_>, case: usize, days: i32) {
    let (Some(filed), Some(decided)) = (ground.day_of(case, Step::Filed), ground.day_of(case, Step::Decision)) else { return };
    let day = ground.world.days.worked_before(filed + ground.limit_of(case) - days);
    let moved = day - decided;
    // The notice and the rest keep their distance to the decision, and stay after the filing.
    let steps: Vec<Step> =
        Step::INSIDE.into_iter().filter(|step| ground.day_of(case, *step).is_some_and(|on| on + moved > filed)).collect();
    ground.shift_steps(case, &steps, moved);
    ground.shift_steps(case, &Step::AFTER, moved);
}

/// Cases of the year that came of a lead and were filed in time, the limit being over.
fn from_leads(ground: &Ground<'_>, unit: &Unit) -> Vec<usize> {
    let cases = ground.of("cases");
    let mut rows = ground.ordinary(unit);
    rows.retain(|row| {
        let (filed, decided) = (cases.day(*row, "filed_on").unwrap_or(i32::MAX), cases.day(*row, "decided_on").unwrap_or(i32::MAX));
        filing_limit(ground, *row).is_some_and(|limit| filed <= limit && decided.saturating_add(limit - filed) <= ground.last)
    });
    rows
}

/// The last day on which the case's lead may be filed.
fn filing_limit(ground: &Ground<'_>, case: usize) -> Option<i32> {
    let (cases, leads) = (ground.of("cases"), ground.of("leads"));
    let lead = leads.find_one("lead_id", cases.text(case, "lead_id")?)?;
    let received = leads.day(lead, "received_on")?;
    if leads.number(lead, "suspended_days").is_some() || leads.day(lead, "extended_on").is_some() {
        return None;
    }
    let eco = cases.text(case, "domain") == Some("eco");
    Some(if eco { received + FILING_LIMIT } else { ground.world.days.plus_working(received, FILING_LIMIT) })
}

fn file_at_the_limit(ground: &mut Ground<'_>, case: usize, days: i32) {
    let (Some(limit), Some(filed)) = (filing_limit(ground, case), ground.day_of(case, Step::Filed)) else { return };
    let day = ground.world.days.worked_before(limit - days);
    let moved = (day - filed).max(0);
    // Whoever files later does the rest later, too, as far as it is known.
    ground.shift_steps(case, &Step::INSIDE, moved);
    ground.shift_steps(case, &Step::AFTER, moved);
    ground.set_day_of(case, Step::Filed, Some(filed + moved));
    let at = Days::evening(filed + moved);
    if ground.of("cases").instant(case, "created_at").is_some_and(|created| created < at) {
        ground.edit("cases").set_instant(case, "created_at", at);
        ground.edit("cases").touch(case, at);
    }
}

pub(super) fn movable_by_days(ground: &Ground<'_>, unit: &Unit) -> usize {
    decided_with_time(ground, unit).len()
}

fn decided_with_time(ground: &Ground<'_>, unit: &Unit) -> Vec<usize> {
    let mut rows = ground.ordinary(unit);
    rows.retain(|row| ground.of("cases").day(*row, "decided_on").is_some_and(|day| day + 9 <= ground.last));
    rows
}

/// Decisions dated on a day of rest.
pub(super) fn rest_day_decision(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    let rows = decided_with_time(ground, unit);
    let chosen = Ground::pick(&rows, dose.share, stream);
    for row in &chosen {
        let day = ground.day_of(*row, Step::Decision)?;
        // The day of rest after, or that before if the notice allows it.
        let after = ground.world.days.rest_day(day);
        let before = (1..8).map(|back| day - back).find(|day| ground.world.days.rest_day(*day) == *day);
        let earliest = ground.day_of(*row, Step::Notice).unwrap_or(i32::MIN) + 8;
        let rest = before.filter(|rest| *rest >= earliest.max(ground.first) && stream.chance(0.4)).unwrap_or(after);
        ground.set_day_of(*row, Step::Decision, Some(rest));
        let delivered = ground.day_of(*row, Step::Delivery).filter(|delivered| *delivered < rest);
        if delivered.is_some() {
            ground.set_day_of(*row, Step::Delivery, Some(rest + 1));
        }
        if ground.day_of(*row, Step::Closed).is_some_and(|closed| closed < rest) {
            ground.set_day_of(*row, Step::Closed, Some(rest + 2));
        }
    }
    Some(Planted::of(ground.ids("cases", &chosen), rows.len()))
}
