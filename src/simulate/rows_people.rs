//! Who was trained in what.
//!
//! In: a unit and a month. Out: rows of `trainings`: officers at courses, with hours and examination. Never here: officers themselves.

use crate::simulate::days::Days;
use crate::simulate::draw::Stream;
use crate::simulate::items::DOMAINS;
use crate::simulate::sheet::Sheets;
use crate::simulate::world::{Tier, Unit, World};
use crate::terms::Month;

/// Courses that an officer of a careful unit attends in a month.
const COURSES: f64 = 0.42;

impl World {
    /// Courses that the unit's officers attended in the month.
    pub fn write_trainings(&self, sheets: &mut Sheets, unit: &Unit, month: Month, thickness: f64) {
        let parts = [unit.index as u64, month.to_epoch_days() as u64];
        let mut stream = Stream::new(self.seed, "trainings", &parts);
        // Old courses are not on the platform of a small province.
        let share = World::odds(unit, 0.35, 1.0) * COURSES * if thickness < 1.0 { 0.2 * thickness } else { 1.0 };
        let day = self.days.act_day(month, 0.1, &mut stream);
        for nth in 0..unit.officers {
            let (attends, own, place) = (stream.chance(share), stream.chance(0.4), stream.below(unit.domains.len()));
            let (other, long, hours) = (stream.below(DOMAINS.len()), stream.chance(0.6), stream.between(8, 40));
            let (basic, score, examined) = (stream.chance(0.8), 74.0 + 12.0 * stream.normal() + 8.0 * unit.skill, stream.chance(0.94));
            let later = stream.between(0, 2);
            if !attends || day + later > self.days.as_of() {
                continue;
            }
            // Officers of townships learn the trades of all; the others mostly stay with their own.
            let domain = if unit.tier == Tier::Township || !own { other } else { unit.domains[place].0 };
            let score = (score.clamp(20.0, 100.0) * 2.0).round() * 50.0;
            let region = if unit.tier == Tier::Province { &unit.region[..2] } else { &unit.region[..4] };
            let sheet = sheets.of("trainings");
            sheet.text("training_id", &format!("PX{region}{:02}{:02}{domain}", month.year % 100, month.month));
            sheet.text("officer_id", &self.officer_id(unit, nth)).text("course", COURSE_NAMES[domain]).flag("is_basic", basic);
            sheet.hundredths("hours", i64::from(if long { hours } else { 8 }) * 100).date("trained_on", day + later);
            if examined {
                sheet.hundredths("score", score as i64).flag("passed", score >= 6_000.0);
            }
            if !self.small {
                sheet.text("exam_ip", &format!("10.{}.{}.{}", unit.index / 250, unit.index % 250, nth + 2));
            }
            sheet.text("organiser_tier", if unit.tier == Tier::Province { "province" } else { "city" });
            self.common(sheet, unit, domain, Days::evening(day + later), None);
            sheet.end();
        }
    }
}

const COURSE_NAMES: [&str; 5] = ["市场监管执法基础", "城市管理执法基础", "生态环境执法基础", "交通运输执法基础", "安全生产执法基础"];
