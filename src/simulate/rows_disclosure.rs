//! What the public is told, or must not be: penalties, a few inspections, and last year's figures.
//!
//! In: a decided case, with the day on which a higher body corrected it; an inspection; a unit and a January. Out: rows of `disclosures`: in time,
//! late, never, withdrawn. Never here: the reviews themselves.

use crate::simulate::cases::Case;
use crate::simulate::days::{Days, HOUR};
use crate::simulate::draw::Stream;
use crate::simulate::items::MARKET;
use crate::simulate::sheet::Sheets;
use crate::simulate::world::{Unit, World};
use crate::terms::Month;

impl World {
    /// The penalty's disclosure; `corrected` is the day on which the decision was changed, annulled or found unlawful.
    pub fn write_disclosure(&self, sheets: &mut Sheets, unit: &Unit, case: &Case, corrected: Option<i32>) {
        let mut stream = Stream::about(self.seed, "disclosure", &case.id);
        let (listed, ever) = (stream.chance(World::odds(unit, 0.93, 0.998)), stream.chance(World::odds(unit, 0.90, 0.995)));
        let Some(decided) = case.decided else { return };
        let limit = if case.domain == MARKET { 20 } else { 7 };
        let published = self.days.lag_working(decided, limit, World::odds(unit, 0.66, 0.97), &mut stream);
        let (withdrawn, exempt) = (World::odds(unit, 0.55, 0.97), stream.chance(0.03));
        let withdrawn = corrected.map(|day| self.days.lag_working(day, 3, withdrawn, &mut stream));
        if !listed || !self.knows(case) || !case.is_penalty() || self.days.seen(Some(decided)).is_none() {
            return;
        }
        let published = self.days.seen(Some(published)).filter(|_| ever && !exempt);
        let at = |day: Option<i32>| self.days.seen(day).map(Days::evening);
        let sheet = sheets.of("disclosures");
        sheet.text("disclosure_id", &format!("GS{}", case.id)).text("ref_kind", "penalty").text("case_id", &case.id);
        sheet.date("acted_on", decided);
        sheet
            .instant("published_at", at(published))
            .text("platform", if case.domain == MARKET { "国家企业信用信息公示系统" } else { "信用中国" });
        if exempt {
            sheet.flag("must_publish", false).text("exempt_reason", "涉及未成年人");
        }
        // The platform of a small province does not work out when a penalty is due.
        if !self.small {
            sheet
                .date("due_on", self.days.plus_working(decided, limit))
                .text("status", if published.is_some() { "已公示" } else { "待公示" });
            sheet.text("decision_no", &self.decision_no(unit, case, decided));
        }
        let changed = self.days.seen(corrected).filter(|day| published.is_some_and(|published| published < *day));
        let withdrawn = at(withdrawn.filter(|_| changed.is_some()));
        sheet.date("changed_on", changed).instant("withdrawn_at", withdrawn);
        let created = Days::evening(decided).max(self.entered_at(case));
        self.common(sheet, unit, case.domain, created, withdrawn.or(at(published)));
        sheet.end();
    }

    /// An inspection whose result must not be told, and why.
    pub fn write_visit_exemption(&self, sheets: &mut Sheets, unit: &Unit, visit: &str, domain: usize, day: i32) {
        let sheet = sheets.of("disclosures");
        sheet.text("disclosure_id", &format!("GSJ{visit}")).text("ref_kind", "inspection").text("inspection_id", visit);
        sheet.date("acted_on", day).flag("must_publish", false).text("exempt_reason", "涉及商业秘密");
        if !self.small {
            sheet.date("due_on", self.days.plus_working(day, 20));
        }
        self.common(sheet, unit, domain, Days::evening(day) + 2 * HOUR, None);
        sheet.end();
    }

    /// Last year's figures, due by the end of January.
    pub fn write_yearly_disclosure(&self, sheets: &mut Sheets, unit: &Unit, month: Month) {
        if month.month != 1 {
            return;
        }
        let first = month.to_epoch_days();
        let mut stream = Stream::new(self.seed, "yearly disclosure", &[unit.index as u64, first as u64]);
        let (in_time, ever) = (stream.chance(World::odds(unit, 0.6, 0.97)), stream.chance(0.97));
        let day = if in_time { stream.between(8, 30) } else { stream.between(31, 70) };
        if first + 8 > self.days.as_of() {
            return;
        }
        let published = self.days.seen(ever.then(|| self.days.worked_before(first + day).max(first + 3))).map(Days::evening);
        let sheet = sheets.of("disclosures");
        sheet.text("disclosure_id", &format!("GSN{}{}", unit.id, month.year)).text("ref_kind", "annual");
        sheet.text("ref_id", &format!("{}年度行政执法数据", month.year - 1)).number("report_year", i64::from(month.year) - 1);
        sheet.date("due_on", first + 30).instant("published_at", published).text("platform", "本机关网站");
        sheet.text("status", if published.is_some() { "已公示" } else { "待公示" });
        self.common(sheet, unit, unit.domains[0].0, Days::evening(first + 3), published);
        sheet.end();
    }
}
