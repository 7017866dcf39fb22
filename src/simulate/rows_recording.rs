//! What was filmed and kept: files of body cameras, files of evidence.
//!
//! In: an act on the spot, or a case. Out: rows of `body_cam_recordings` and `evidence_files`. A recording may be missing, begin too
//! late, be imported late or have been deleted. Never here: the acts, the films.

use crate::calendar::shanghai_day;
use crate::simulate::cases::Case;
use crate::simulate::days::{Days, HOUR, minutes};
use crate::simulate::draw::{Stream, hash_of};
use crate::simulate::sheet::Sheets;
use crate::simulate::world::{Unit, World};

/// Days for which films are kept in a small province.
const DAYS_KEPT: i32 = 270;

/// An act that must be filmed.
pub(super) struct Act<'a> {
    /// Its own number, after which its draws are named.
    pub id: &'a str,
    pub inspection: Option<&'a str>,
    pub measure: Option<&'a str>,
    pub domain: usize,
    pub from: i64,
    pub minutes: i32,
    pub officer: u32,
}

impl<'a> Act<'a> {
    /// An act in a case, at that time.
    pub fn of(case: &'a Case, from: i64, minutes: i32) -> Self {
        Self { id: &case.id, inspection: None, measure: None, domain: case.domain, from, minutes, officer: case.officers[0] }
    }
}

impl World {
    /// The act's recording, if somebody made one.
    pub fn write_recordings(&self, sheets: &mut Sheets, unit: &Unit, act: &Act<'_>) {
        let mut stream = Stream::about(self.seed, "recording", act.measure.unwrap_or(act.id));
        let (made, whole) = (stream.chance(World::odds(unit, 0.60, 0.985)), stream.chance(World::odds(unit, 0.86, 0.99)));
        let (early, part) = (stream.between(0, 180), stream.between(1, 25));
        let (hours, deleted) = (Days::lag(24, World::odds(unit, 0.70, 0.97), &mut stream), stream.chance(World::odds(unit, 0.06, 0.004)));
        let (never, linked, delay) = (stream.chance(0.01), stream.chance(0.92), stream.between(1, 3));
        // The index of a small province is emptied of what is older than nine months.
        let kept = !self.small || shanghai_day(act.from) > self.days.as_of() - self.night as i32 - DAYS_KEPT;
        if !made || !kept || self.days.seen_at(Some(act.from)).is_none() {
            return;
        }
        let seconds = if whole { act.minutes * 60 + early } else { (act.minutes * 60 * part / 100).max(20) };
        // A recording that is not whole was begun near the end of the act.
        let shot =
            if whole { act.from - i64::from(early) * 1_000_000 } else { act.from + minutes(act.minutes) - i64::from(seconds) * 1_000_000 };
        // Stations take a day's films in together, so that their times are full minutes; what is linked, is linked in the evening.
        let imported = (shot + i64::from(seconds) * 1_000_000 + i64::from(hours.max(1)) * HOUR - HOUR / 2) / minutes(10) * minutes(10);
        let imported = self.days.seen_at((!never).then_some(imported.max(shot + minutes(1))));
        let linked_at = imported.filter(|_| linked).map(|at| Days::evening(shanghai_day(at) + delay));
        let linked_at = self.days.seen_at(linked_at);
        // A few files are a device's log, or lost their time when its clock stopped.
        let (log, timeless) = (stream.chance(self.rare(0.003)), stream.chance(self.rare(0.003)));
        let sheet = sheets.of("body_cam_recordings");
        sheet.text("file_no", &format!("SP{}", act.measure.unwrap_or(act.id))).text("media", if log { "text" } else { "video" });
        sheet.text("device_id", &format!("JLY{}{:02}", unit.id, act.officer + 1)).text("officer_id", &self.officer_id(unit, act.officer));
        sheet
            .date("shot_on", shanghai_day(shot))
            .instant("shot_at", Some(shot).filter(|_| !timeless))
            .number("duration_s", i64::from(seconds));
        sheet.instant("imported_at", imported).flag("deleted", deleted);
        if linked_at.is_some() {
            sheet.text_of("inspection_id", act.inspection).text_of("measure_id", act.measure).instant("linked_at", linked_at);
        }
        if !self.small {
            // Two that begin in the same second are two films.
            let name = hash_of(self.seed, 91, hash_of(shot as u64, unit.index as u64, act.officer as u64));
            sheet.instant("ended_at", shot + i64::from(seconds) * 1_000_000).instant("uploaded_at", imported);
            sheet
                .text("sha256", &hex_of(name, 4))
                .number("bytes", i64::from(seconds) * 400_000)
                .text("station_id", &format!("CJZ{}", unit.id));
            sheet.number("importance", if act.measure.is_some() { 3 } else { 1 });
        }
        self.common(sheet, unit, act.domain, imported.unwrap_or(shot + HOUR), linked_at);
        sheet.end();
    }

    /// A photo or scan in the case's file.
    pub fn write_evidence(&self, sheets: &mut Sheets, unit: &Unit, case: &Case) {
        let mut stream = Stream::about(self.seed, "evidence", &case.id);
        let count = usize::from(stream.chance(if self.small { 0.04 } else { 0.3 }));
        for nth in 0..count {
            let kind = stream.choose(&[("photo", 6.0), ("document", 2.0), ("video", 1.0), ("electronic", 0.7), ("audio", 0.3)]);
            let (after, size, again) = (stream.between(2, 90), stream.between(80, 6_000), stream.chance(World::odds(unit, 0.06, 0.0)));
            let odd = stream.chance(World::odds(unit, 0.05, 0.002));
            let captured = case.found_at + minutes(after);
            let created = self.entered_at(case).max(captured + HOUR);
            if self.days.seen_at(Some(created)).is_none() {
                return;
            }
            // Careless offices put the same picture into several files.
            let picture = if again && !self.honest {
                hash_of(self.seed, 92, unit.index as u64)
            } else {
                hash_of(self.seed, 93, case.salt + nth as u64)
            };
            let sheet = sheets.of("evidence_files");
            sheet.text("file_id", &format!("ZJ{}{nth}", case.id)).text("case_id", &case.id).text("kind", kind);
            sheet.date("created_on", shanghai_day(created)).instant("captured_at", captured).text("sha256", &hex_of(picture, 4));
            if kind == "photo" {
                let shot = if odd { captured - i64::from(size) * HOUR } else { captured - minutes(1) };
                sheet.instant("exif_time", shot).text("phash", &hex_of(picture, 1));
            }
            sheet.number("bytes", i64::from(size) * 1_000);
            if !self.small {
                sheet.list("officers", &[self.officer_id(unit, case.officers[0])]);
            }
            self.common(sheet, unit, case.domain, created, None);
            sheet.end();
        }
    }
}

/// Sixteen hexadecimal digits a word.
fn hex_of(seed: u64, words: u64) -> String {
    (0..words).map(|word| format!("{:016x}", hash_of(seed, 94, word))).collect()
}
