//! What people say of an act when they are asked: stars or words, and what became of the bad ones.
//!
//! In: a unit, a month, its cases; an inspection; an order. Out: rows of `ratings`, of acts and of what is no act.
//! Never here: surveys and orders (see `public`), real people.

use crate::calendar::{shanghai_day, start_of_day};
use crate::simulate::cases::Case;
use crate::simulate::days::{Days, HOUR};
use crate::simulate::draw::Stream;
use crate::simulate::public::GRADES;
use crate::simulate::sheet::Sheets;
use crate::simulate::world::{Unit, World};
use crate::terms::Month;

/// What is rated.
struct Rated<'a> {
    id: &'a str,
    kind: &'static str,
    domain: usize,
    officer: Option<u32>,
    /// When it was over.
    finished_at: i64,
}

impl World {
    /// Ratings of the month's cases, and of services at a desk, which are no enforcement.
    pub fn write_ratings(&self, sheets: &mut Sheets, unit: &Unit, month: Month, cases: &[Case], expected: f64) {
        let mut stream = Stream::new(self.seed, "ratings", &[unit.index as u64, month.to_epoch_days() as u64]);
        for case in cases {
            let rated = stream.chance(0.2);
            let Some(delivered) = case.delivered.filter(|_| rated && self.knows(case)) else { continue };
            let finished_at = start_of_day(delivered) + 16 * HOUR;
            let rated = Rated { id: &case.id, kind: "case", domain: case.domain, officer: Some(case.officers[0]), finished_at };
            self.write_rating(sheets, unit, &rated);
        }
        for number in 0..stream.poisson(expected * 0.012) {
            let id = format!("FW{}{:02}{:02}{number:04}", unit.id, month.year % 100, month.month);
            let day = self.days.act_day(month, 0.0, &mut stream);
            let finished_at = self.days.office_hour(day, &mut stream);
            let rated = Rated { id: &id, kind: "service", domain: unit.domains[0].0, officer: None, finished_at };
            self.write_rating(sheets, unit, &rated);
        }
    }

    /// Now and then the firm rates the inspection, mostly where it was asked to scan a code.
    pub fn write_visit_rating(&self, sheets: &mut Sheets, unit: &Unit, inspection: &str, domain: usize, officer: u32, finished_at: i64) {
        if Stream::about(self.seed, "visit rating", inspection).chance(0.075) {
            let rated = Rated { id: inspection, kind: "inspection", domain, officer: Some(officer), finished_at };
            self.write_rating(sheets, unit, &rated);
        }
    }

    /// Now and then a caller rates how the order was handled.
    pub fn write_order_rating(&self, sheets: &mut Sheets, unit: &Unit, order: &str, domain: usize, finished_at: i64) {
        if Stream::about(self.seed, "order rating", order).chance(0.04) {
            self.write_rating(sheets, unit, &Rated { id: order, kind: "hotline_order", domain, officer: None, finished_at });
        }
    }

    fn write_rating(&self, sheets: &mut Sheets, unit: &Unit, rated: &Rated<'_>) {
        let mut stream = Stream::about(self.seed, "rating", rated.id);
        let at = Days::awake(rated.finished_at + i64::from(stream.between(1, 60)) * HOUR);
        let (happy, share) = (stream.chance(World::odds(unit, 0.52, 0.93)), stream.unit());
        let stars: i64 = match (happy, share) {
            (true, share) if share < 0.8 => 5,
            (true, _) => 4,
            (false, share) if share < 0.40 => 3,
            (false, share) if share < 0.75 => 2,
            (false, _) => 1,
        };
        // A system that rates by itself gives the best; a few bad ones are marked as its own all the same.
        let automatic = if stars < 3 { stream.chance(0.04) } else { stream.chance(0.11) };
        let stars = if automatic && stars >= 3 { 5 } else { stars };
        let channel = stream.choose(&[("qr", 4.0), ("app", 2.0), ("sms", 2.0), ("kiosk", 0.5), ("web", 0.5)]);
        let (form, mislabelled, unlabelled, hashed) = (stream.unit(), stream.chance(0.03), stream.chance(0.03), stream.chance(0.25));
        let handled = self.days.lag_working(shanghai_day(at), 15, World::odds(unit, 0.45, 0.97), &mut stream);
        let (left, called, later) =
            (stream.chance(World::odds(unit, 0.25, 0.01)), stream.chance(World::odds(unit, 0.5, 0.98)), stream.between(0, 3));
        let (device, phone) = (stream.below(1 << 30), stream.below(1 << 30));
        if self.days.seen_at(Some(at)).is_none() {
            return;
        }
        let sheet = sheets.of("ratings");
        sheet.text("rating_id", &format!("PJ{}", rated.id)).text("channel", channel).text("ref_id", rated.id);
        if !unlabelled {
            sheet.text("ref_kind", if mislabelled { "service" } else { rated.kind });
        }
        // Stars, words, both or (rarely) neither.
        if !(0.50..0.63).contains(&form) {
            sheet.number("stars", stars);
        }
        if form < 0.62 {
            sheet.text("satisfaction", GRADES[(5 - stars) as usize]);
        }
        sheet.flag("is_automatic", automatic).text_of("officer_id", rated.officer.map(|nth| self.officer_id(unit, nth)).as_deref());
        if hashed || !self.small {
            sheet.text("device_hash", &format!("{device:08x}")).text("phone_hash", &format!("{phone:08x}"));
        }
        sheet.date("rated_on", shanghai_day(at)).instant("rated_at", at);
        if !self.small {
            sheet.instant("act_finished_at", rated.finished_at);
        }
        if stars < 3 && !left {
            let handled_at = self.days.seen(Some(handled)).map(|day| Days::evening(day).max(at + HOUR));
            let callback = self.days.seen(called.then_some(handled + later)).map(|day| Days::evening(day).max(at + HOUR));
            sheet.instant("bad_handled_at", handled_at).instant("callback_at", callback);
        }
        self.common(sheet, unit, rated.domain, at, None);
        sheet.end();
    }
}
