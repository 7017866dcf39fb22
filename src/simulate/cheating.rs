//! The planted cheating, and the answer key.
//!
//! In: honest cases of the units chosen by [`World::plant`](super::world). Out: the same cases with the pattern in them, each marked
//! for the answer key. Never here: a detector's idea of the pattern.

use crate::calendar::{shanghai_day, start_of_day};
use crate::simulate::cases::{Case, Origin};
use crate::simulate::days::{HOUR, year_of};
use crate::simulate::draw::Stream;
use crate::simulate::world::{Unit, World};
use crate::terms::Month;

/// Names of the patterns.
pub(super) const STAGE_INVERSION: &str = "stage_inversion";
pub(super) const YEAREND_BACKFILL: &str = "yearend_backfill";
pub(super) const CASE_SPLITTING: &str = "case_splitting";
pub(super) const QUOTA_UNIFORMITY: &str = "quota_uniformity";

/// Fines that a quota asks for: from the round number up to a quarter more.
const QUOTA_FINES: [i64; 6] = [200_000, 205_000, 210_000, 220_000, 230_000, 240_000];

impl World {
    /// 倒签: the decision carries a date before the notice and the review that must precede it.
    pub(super) fn make_backdated(&self, _unit: &Unit, case: &mut Case, stream: &mut Stream) {
        let (chosen, days) = (stream.chance(0.4), stream.between(9, 20));
        if let (true, Some(decided), Some(notice), Some(filed)) = (chosen && !case.has_left(), case.decided, case.notice, case.filed) {
            let backdated = (notice - days).max(filed);
            if backdated < notice && backdated < decided {
                case.decided = Some(backdated);
                case.reviewed = Some(decided - 1);
                case.planted.push((STAGE_INVERSION, String::new()));
            }
        }
    }

    /// 年底突击补录: old events are entered in the last twenty working days before an assessment, at the end of the year or of the span
    /// that was asked for.
    pub(super) fn make_backfilled(&self, _unit: &Unit, case: &mut Case, stream: &mut Stream) {
        let (opened, share) = (case.opened(), stream.unit());
        let year_end = Month { year: year_of(opened) as i16 + 1, month: 1 }.to_epoch_days();
        let assessed_until = self.months[self.asked - 1].0.next().to_epoch_days().min(year_end);
        let end = if opened < assessed_until { assessed_until } else { year_end };
        let start = self.days.start_of_last_working(end, 20);
        let chosen = stream.chance(0.7);
        if chosen && opened < start - 35 && opened > start - 220 {
            let day = self.days.working(start + (share * f64::from(end - start)) as i32).min(end - 1);
            case.backfilled_on = Some(day);
            case.planted.push((YEAREND_BACKFILL, String::new()));
        }
    }

    /// 指标摊派: the same few cases each month, each fined just above the same round number.
    pub(super) fn make_quota(&self, unit: &Unit, case: &mut Case, stream: &mut Stream) {
        let fine = QUOTA_FINES[stream.below(QUOTA_FINES.len())];
        let day = shanghai_day(case.received_at);
        case.firm = (0..20).map(|nth| self.firm(case.county, case.salt + nth)).find(|firm| !firm.individual);
        case.take_on_the_spot(day, self.days.plus_working(day, 3));
        (case.origin, case.outcome) = (Origin::Inspection, "penalty");
        (case.penalties, case.fine, case.confiscated) = (vec!["fine"], Some(fine), None);
        case.planted.push((QUOTA_UNIFORMITY, unit.parent.map_or_else(String::new, |parent| self.units[parent].id.clone())));
    }

    /// 拆分案件: one violation of one party, cut into cases of a few days, each under the cap of the simple procedure.
    pub(super) fn add_split(&self, unit: &Unit, month: Month, cases: &mut Vec<Case>, stream: &mut Stream) {
        for group in 0..2 {
            // A small province has few cases a unit: what is planted must still be there to be found.
            if !stream.chance(if self.small { 0.7 } else { 0.22 }) {
                continue;
            }
            let mut first = self.case(unit, month, cases.len(), stream);
            let start = shanghai_day(first.received_at);
            let parts = 3 + stream.below(2);
            let firm = (0..20).map(|nth| self.firm(first.county, first.salt + nth)).find(|firm| !firm.individual);
            let item = first.item;
            let county = first.county;
            for part in 0..parts {
                let mut case = if part == 0 {
                    std::mem::replace(&mut first, self.case(unit, month, 0, stream))
                } else {
                    self.case(unit, month, cases.len(), stream)
                };
                let day = (start + part as i32 * 2).min(month.next().to_epoch_days() - 1);
                self.make_quota(unit, &mut case, stream);
                case.planted.clear();
                case.planted.push((CASE_SPLITTING, format!("{}{:02}-{group}", month.year, month.month)));
                case.number = cases.len();
                case.id = format!("{}{:02}{:02}{:05}", unit.id, month.year % 100, month.month, case.number);
                (case.item, case.domain, case.item_missing, case.county, case.place_county) = (item, item.domain, false, county, county);
                case.firm = firm.as_ref().map(|firm| self.firm(county, firm.index % self.firms_per_county));
                case.received_at = start_of_day(day) + 9 * HOUR + i64::from(part as i32) * HOUR;
                case.found_at = case.received_at;
                case.fine = Some(270_000 + 5_000 * part as i64);
                (case.decided, case.delivered, case.closed) = (Some(day), Some(day), Some(self.days.plus_working(day, 4)));
                case.damage = case.damage.filter(|_| case.domain == crate::simulate::items::ECO);
                cases.push(case);
            }
        }
    }
}
