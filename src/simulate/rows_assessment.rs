//! The assessing office's own entries: appeals against figures, verdicts on findings, known effects.
//!
//! In: a month. Out: the few rows of `appeals`, `findings_review`, `known_effects` of the whole province. Each names its document.
//! Never here: scores, findings themselves.

use crate::findings::finding_id;
use crate::simulate::days::Days;
use crate::simulate::draw::Stream;
use crate::simulate::items::{DOMAINS, MARKET};
use crate::simulate::sheet::Sheets;
use crate::simulate::world::{Tier, Unit, World};
use crate::terms::Month;

/// Indicators that units appeal against.
const CONTESTED: [&str; 4] =
    ["procedure.decision_timeliness", "market.complaint_contact_24h", "data.consistency_rate", "law.review_correction_rate"];

impl World {
    /// Everything that the assessing office entered in the month.
    pub fn write_assessment(&self, sheets: &mut Sheets, month: Month) {
        if month.month == 4 {
            self.write_appeals(sheets, month);
        }
        if month.month == 5 {
            self.write_verdicts(sheets, month);
            self.write_campaign(sheets, month);
        }
    }

    /// The yearly campaign of the first city's market offices, as its order says.
    fn write_campaign(&self, sheets: &mut Sheets, month: Month) {
        let first = month.to_epoch_days();
        let Some(city) = self.cities.first().filter(|_| first <= self.days.as_of()) else { return };
        let sheet = sheets.of("known_effects");
        sheet.text("effect_id", &format!("YX{}01", month.year)).text("kind", "campaign");
        sheet.text("region_code", &city.code).text("domain", DOMAINS[MARKET]);
        sheet.date("from_on", first + 9).date("until_on", first + 19).date("recorded_on", first);
        sheet.text("document", &format!("市监专〔{}〕3号", month.year));
        sheet.instant("created_at", Days::evening(first)).instant("updated_at", Days::evening(first));
        sheet.end();
    }

    /// One of the units below the province; the best (or worst) of a few, so that events fall where they would.
    fn drawn_unit(&self, best: bool, tries: usize, stream: &mut Stream) -> Option<&Unit> {
        let drawn: Vec<&Unit> = (0..tries).map(|_| &self.units[stream.below(self.units.len())]).collect();
        let order = |a: &&&Unit, b: &&&Unit| if best { a.skill.total_cmp(&b.skill) } else { b.skill.total_cmp(&a.skill) };
        drawn.iter().filter(|unit| unit.tier != Tier::Province).max_by(order).copied()
    }

    /// Appeals against the figures of the year before, told in March.
    fn write_appeals(&self, sheets: &mut Sheets, month: Month) {
        let mut stream = Stream::new(self.seed, "appeals", &[month.year as u64]);
        for number in 0..self.units.len().div_ceil(12) {
            let unit = self.drawn_unit(false, 2, &mut stream);
            let (filed, length) = (self.days.act_day(month, 0.0, &mut stream), stream.between(7, 40));
            let (changed, indicator) = (stream.chance(0.3), CONTESTED[stream.below(CONTESTED.len())]);
            let Some(unit) = unit.filter(|_| filed <= self.days.as_of()) else { continue };
            let decided = self.days.seen(Some(self.days.working(filed + length)));
            let sheet = sheets.of("appeals");
            sheet.text("appeal_id", &format!("SS{}{number:03}", month.year)).text("unit_id", &unit.id);
            sheet.text("domain", DOMAINS[unit.domains[0].0]).text("scheme_run_id", &format!("{}-final", month.year - 1));
            sheet.text("period", &(month.year - 1).to_string()).text("indicator_id", indicator);
            sheet.date("notified_on", month.to_epoch_days() - 6).date("filed_on", filed).date("decided_on", decided);
            if decided.is_some() {
                sheet.flag("changed", changed);
            }
            sheet.text("note", if changed { "部分记录已补充证据" } else { "认为不应由本单位负责" });
            sheet.instant("created_at", Days::evening(filed)).instant("updated_at", Days::evening(decided.unwrap_or(filed)));
            sheet.end();
        }
    }

    /// What reviewers made of two findings: one that they confirmed, one that had its reasons.
    fn write_verdicts(&self, sheets: &mut Sheets, month: Month) {
        let mut stream = Stream::new(self.seed, "verdicts", &[month.year as u64]);
        let confirmed = self.units.iter().find(|unit| unit.backdates).map(|unit| (unit, "confirmed", "案卷核查记录第1号"));
        let explained = self.drawn_unit(true, 3, &mut stream).map(|unit| (unit, "explained", "情况说明及系统日志"));
        for (unit, decision, document) in [confirmed, explained].into_iter().flatten() {
            let day = self.days.act_day(month, 0.0, &mut stream);
            if day > self.days.as_of() {
                continue;
            }
            let domain = unit.domains[0].0;
            let sheet = sheets.of("findings_review");
            // A verdict that names no evidence, as a hurried reviewer writes it: the finding waits to be looked at again.
            sheet.text("finding_id", &finding_id("stage_inversion", &unit.id, &month.year.to_string(), DOMAINS[domain], "cases"));
            sheet.text("unit_id", &unit.id).text("domain", DOMAINS[domain]).text("detector", "stage_inversion");
            sheet.date("reviewed_on", day).text("decision", decision).text("document", document).text("reviewer", "FH001");
            sheet.instant("created_at", Days::evening(day)).instant("updated_at", Days::evening(day));
            sheet.end();
        }
    }
}
