//! Rows of `cases`, and of the lead or the inspection that a case came from.
//!
//! In: a case. Out: what the extract knows of it on its last day: what lies beyond the horizon stays empty, and a case that is not
//! entered yet has no row. Never here: draws that shape the story.

use jiff::civil::date;

use crate::calendar::{DAY_MICROSECONDS, shanghai_day, start_of_day};
use crate::simulate::cases::{Case, Origin};
use crate::simulate::days::{Days, HOUR, minutes, year_of};
use crate::simulate::draw::{Stream, hash_of, share_of};
use crate::simulate::items::{DOMAINS, ECO, MARKET, TRANSPORT, supervise_code};
use crate::simulate::rows_entry::Slip;
use crate::simulate::rows_standards::is_published;
use crate::simulate::sheet::{Sheet, Sheets};
use crate::simulate::world::{Tier, Unit, World};
use crate::terms::epoch_days;

/// Share of honest decisions whose number was taken beforehand, and by how many days.
const TAKEN_BEFORE: (f64, i32) = (0.02, 5);

/// What hashes are drawn for.
const REVISED: u64 = 41;
const OFFICER: u64 = 42;
const MINUTE_OF_ENTRY: u64 = 43;
const UNSTATED: u64 = 45;
const MARKED: u64 = 46;
const ACCORD: u64 = 47;
const NO_AMOUNT: u64 = 48;
const HANDED_ON: u64 = 49;
const SURNAMES: [&str; 16] = ["张", "王", "李", "陈", "林", "周", "吴", "徐", "沈", "朱", "胡", "郑", "金", "赵", "俞", "潘"];

/// Months whose cases a night still corrects.
const REVISED_MONTHS: i32 = 14;

impl World {
    /// The officer's id: a number that tells nothing, as sources send it. Every step can be undone, so that no two officers share one.
    pub fn officer_id(&self, unit: &Unit, nth: u32) -> String {
        const BITS: u64 = (1 << 20) - 1;
        let mut id = ((unit.index as u64) << 6 | u64::from(nth)) ^ (hash_of(self.seed, OFFICER, 0) & BITS);
        for odd in [0x5_A7D3, 0x9_E375] {
            id = (id * odd) & BITS;
            id ^= id >> 10;
        }
        format!("GR{id:05x}")
    }

    /// A masked surname.
    pub fn masked_name(&self, salt: u64) -> String {
        format!("{}*", SURNAMES[(hash_of(self.seed, 44, salt) % 16) as usize])
    }

    /// When the case was entered.
    pub fn entered_at(&self, case: &Case) -> i64 {
        let minute = (hash_of(self.seed, MINUTE_OF_ENTRY, case.salt) % 90) as i32;
        let day = case.backfilled_on.unwrap_or_else(|| self.days.working(case.opened() + case.entry_delay).max(case.opened()));
        start_of_day(day) + 18 * HOUR + minutes(minute)
    }

    /// Whether the extract has the case at all.
    pub fn knows(&self, case: &Case) -> bool {
        case.opened() <= self.days.as_of() && self.days.seen_at(Some(self.entered_at(case))).is_some()
    }

    /// The common columns of a fact of the unit.
    pub fn common(&self, sheet: &mut Sheet, unit: &Unit, domain: usize, created_at: i64, updated_at: Option<i64>) {
        sheet.text("unit_id", &unit.id);
        // A small province's documents take their domain from the case.
        if !self.small || !sheet.is("case_documents") {
            sheet.text("domain", DOMAINS[domain]);
        }
        let updated = self.days.seen_at(updated_at).unwrap_or(created_at).max(created_at);
        sheet.instant("updated_at", updated);
        if !self.small {
            sheet.text("region_code", &unit.region).instant("created_at", created_at);
        }
        if !self.small {
            sheet.instant("submitted_at", updated + HOUR / 2);
        }
    }

    /// `cases`, and `leads` or `inspections` behind it.
    pub fn write_case(&self, sheets: &mut Sheets, unit: &Unit, case: &Case) {
        if case.origin == Origin::Lead {
            self.write_lead_of(sheets, unit, case);
        }
        if !self.knows(case) {
            return;
        }
        let seen = |day| self.days.seen(day);
        let decided = seen(case.decided);
        let slip = self.slip_of(unit, &case.id).filter(|_| case.procedure != "simple");
        let off = |wanted: Slip| slip.filter(|(slip, _)| *slip == wanted).map(|(_, days)| days);
        let sheet = sheets.of("cases");
        sheet.text("case_id", &case.id);
        if !self.small {
            sheet.text("unit_name", &unit.name);
        }
        if let Some(decided) = decided.filter(|_| !case.has_left()) {
            sheet.text("decision_no", &self.decision_no(unit, case, decided));
        }
        match case.origin {
            Origin::Lead => _ = sheet.text("lead_id", &format!("XS{}", case.id)).text("case_source", "投诉举报"),
            Origin::Inspection => _ = sheet.text("inspection_id", &format!("JC{}", case.id)).text("case_source", "监督检查"),
            Origin::Device => _ = sheet.text("case_source", "非现场监管"),
            Origin::Patrol => _ = sheet.text("case_source", "巡查发现"),
        }
        let beyond = case.across.map(|stranger| self.strangers[stranger].1.as_str());
        sheet.text_of("region_code", beyond).text("place_code", beyond.unwrap_or(&self.counties[case.place_county].code));
        if !case.item_missing {
            sheet.text("item_code", case.item.code);
            if !self.small {
                sheet.text("supervise_item_code", &supervise_code(case.item));
            }
        }
        sheet.flag("is_food_drug", case.item.food && case.domain == MARKET).flag("is_livelihood", case.item.livelihood);
        self.mark(sheet, "is_key_industry", case.firm.as_ref().is_some_and(|firm| firm.trade == 7));
        self.write_party(sheet, case);
        sheet.text("violation_type", case.item.violation).text("severity", case.severity);
        // What is filed was found before, but some write the day on which they wrote it down.
        let found_late = off(Slip::FoundAfterFiling).zip(case.filed).map(|(days, filed)| start_of_day(filed + days) + 10 * HOUR);
        sheet.instant("found_at", self.days.seen_at(found_late).unwrap_or(case.found_at));
        sheet.text("procedure", case.procedure).flag("damage", case.damage);
        sheet.date("opened_on", case.opened()).date("filed_on", seen(case.filed));
        let before_filing = off(Slip::DecidedBeforeFiling).zip(case.filed).map(|(days, filed)| filed - days);
        sheet.date("decided_on", decided.map(|decided| before_filing.unwrap_or(decided)));
        let before = |wanted: Slip| off(wanted).zip(decided).map(|(days, decided)| decided - days);
        sheet.date("delivered_on", seen(case.delivered).map(|day| before(Slip::DeliveredBeforeDecision).unwrap_or(day)));
        sheet.date("closed_on", seen(case.closed).map(|day| before(Slip::ClosedBeforeDecision).unwrap_or(day)));
        if let Some(filed) = off(Slip::InvestigatedBeforeFiling).and(case.filed) {
            sheet.date("investigated_on", seen(case.investigated).map(|_| filed - 2));
        }
        sheet.date("performed_on", seen(case.closed).and(before(Slip::PerformedBeforeDecision).filter(|_| case.is_penalty())));
        sheet.instant("transferred_at", self.transferred_at(unit, case));
        let ended = seen(case.decided.or(case.closed)).is_some();
        if ended {
            self.write_result(sheet, case);
        }
        self.write_accord(sheet, unit, case);
        match (seen(case.closed).is_some(), ended) {
            // A small province says it of open cases alone.
            (true, _) if self.small => {}
            (true, _) => _ = sheet.text("status", "已结案"),
            (false, true) => _ = sheet.text("status", "执行中"),
            (false, false) => _ = sheet.text("status", "办理中"),
        }
        self.write_steps(sheet, unit, case);
        self.write_case_detail(sheet, unit, case);
        let updated_at = self.updated_at(case, sheet);
        let entry = self.entry_of(unit, &case.id, self.entered_at(case), updated_at, seen(case.closed));
        self.write_entry(sheet, unit, case.domain, &entry);
        sheet.end();
    }

    /// A truth; a small province leaves out what is not so.
    fn mark(&self, sheet: &mut Sheet, name: &str, truth: bool) {
        sheet.flag(name, (truth || !self.small).then_some(truth));
    }

    /// When the case was handed on, where somebody noted it.
    fn transferred_at(&self, unit: &Unit, case: &Case) -> Option<i64> {
        let noted = share_of(self.seed, HANDED_ON, case.salt) < World::odds(unit, 0.6, 0.97);
        let day = case.left.filter(|_| noted && case.outcome == "transferred")?;
        self.days.seen_at(Some(start_of_day(day) + 16 * HOUR))
    }

    /// The statute that the decision rests on, or nothing; a small province writes it in short.
    fn write_accord(&self, sheet: &mut Sheet, unit: &Unit, case: &Case) {
        let stated = share_of(self.seed, ACCORD, case.salt) < World::odds(unit, 0.72, 0.985);
        if self.days.seen(case.decided).is_none() || case.has_left() || !stated {
            return;
        }
        match case.item.basis.split_once('第').filter(|_| self.small) {
            Some((law, article)) => _ = sheet.text("punish_accord", &format!("{law}{}", article.trim_end_matches('条'))),
            None => _ = sheet.text("punish_accord", case.item.basis),
        }
    }

    fn write_party(&self, sheet: &mut Sheet, case: &Case) {
        sheet.text("party_kind", case.party_kind());
        match &case.firm {
            Some(firm) => {
                // A small province sends a firm's code once.
                sheet.text_of("party_code", Some(firm.code.as_str()).filter(|_| !self.small));
                sheet.text("credit_code", &firm.code).text("party_name_masked", &firm.name);
            }
            None => {
                let id = format!("{}******{:06}", self.counties[case.county].code, case.salt % 1_000_000);
                sheet.text("party_code", &id).text("party_name_masked", &self.masked_name(case.salt));
            }
        }
        // Every second driver comes from elsewhere.
        let one_in = if case.domain == TRANSPORT { 2 } else { 9 };
        sheet.flag("is_out_of_area", case.firm.is_none() && case.salt % one_in == 0);
    }

    fn write_result(&self, sheet: &mut Sheet, case: &Case) {
        // Now and then the clerk leaves the result empty.
        if share_of(self.seed, UNSTATED, case.salt) >= self.rare(0.006) {
            sheet.text("outcome", case.outcome);
        }
        sheet.list("penalty_kinds", &case.penalties);
        let unstated = share_of(self.seed, NO_AMOUNT, case.salt) < self.rare(0.004);
        sheet.hundredths("fine_amount", case.fine.filter(|_| !unstated)).hundredths("confiscated_amount", case.confiscated);
        if self.days.seen(case.closed).is_some() && case.salt % 40 != 0 {
            sheet.hundredths("paid_amount", case.fine);
        }
        if self.names_band(case) {
            sheet
                .hundredths("benchmark_min", i64::from(case.item.fine.0) * 100)
                .hundredths("benchmark_max", i64::from(case.item.fine.1) * 100);
        }
        self.mark(sheet, "guidance_given", case.outcome == "guided" || case.corrected_early);
        self.mark(sheet, "corrected_before_decision", case.corrected_early);
        sheet.flag("education_recorded", case.education).flag("no_penalty", case.outcome == "no_penalty");
    }

    /// A small province's cases name the band where no published list does, and now and then elsewhere.
    pub fn names_band(&self, case: &Case) -> bool {
        let listed = self.small && is_published(case.item) && case.salt % 6 != 0 && case.across.is_none();
        case.fine.is_some() && case.procedure != "simple" && !listed
    }

    fn write_steps(&self, sheet: &mut Sheet, unit: &Unit, case: &Case) {
        // Clerks mostly mark what the amount calls for; what they do not mark is owed all the same.
        let share = |what: u64| share_of(self.seed ^ what, MARKED, case.salt);
        let declared = |what: u64, needed: bool, done: bool| {
            let marked = share(what);
            (needed && marked < World::odds(unit, 0.72, 0.985)) || (done && marked < 0.3)
        };
        let (major, complex) = (case.is_major(), self.is_complex(case));
        sheet.flag("hearing_required", declared(1, major, case.hearing.is_some())).flag("major", declared(2, major, false));
        self.mark(sheet, "hearing_requested", case.hearing.is_some());
        sheet.date("hearing_held_on", self.days.seen(case.hearing));
        let grave = major || complex;
        sheet.flag("legal_review_required", declared(3, grave, case.reviewed.is_some()));
        sheet.date("legal_review_on", self.days.seen(case.reviewed));
        sheet.flag("collective_required", declared(4, grave, case.discussed.is_some()));
        sheet.date("collective_discussion_on", self.days.seen(case.discussed));
        self.mark(sheet, "criminal_suspected", case.outcome == "transferred" && case.salt % 3 == 0);
        if let Some(device) = case.device {
            sheet
                .text("offsite_device_id", &device_id(unit, device))
                .instant("offsite_reviewed_at", self.days.seen_at(case.device_reviewed));
        }
        let officers: Vec<String> = case.officers.iter().map(|nth| self.officer_id(unit, *nth)).collect();
        sheet.list("officers", &officers);
        if self.days.seen(case.reviewed).is_some() {
            sheet.list("reviewer_ids", &[self.officer_id(unit, unit.officers - 1)]);
        }
        sheet.number("extension_days", case.extension);
    }

    /// The newest entry about the case; later nights also correct old cases.
    fn updated_at(&self, case: &Case, sheet: &mut Sheet) -> i64 {
        let days = [case.filed, case.decided, case.delivered, case.closed, case.left];
        let newest = days.into_iter().filter_map(|day| self.days.seen(day)).max().unwrap_or(case.opened());
        let mut updated = (start_of_day(newest) + 20 * HOUR).max(self.entered_at(case));
        let first_night = self.days.as_of() - self.night as i32;
        for night in 1..=self.night {
            let day = first_night + night as i32;
            let old = case.opened() < day && case.opened() > day - REVISED_MONTHS * 31;
            if old && share_of(self.seed ^ u64::from(night), REVISED, hash_of(self.seed, case.opened() as u64, case.salt)) < REVISED_SHARE {
                sheet.text("remarks", "数据复核更正").text("closing_result", "复核");
                updated = updated.max(start_of_day(day) + 23 * HOUR);
            }
        }
        self.days.seen_at(Some(updated)).unwrap_or_else(|| self.entered_at(case))
    }

    /// The number on the decision. An honest office numbers as it decides; now and then a number was taken some days before.
    pub fn decision_no(&self, unit: &Unit, case: &Case, decided: i32) -> String {
        let number = if self.honest {
            let on = case.decided.unwrap_or(decided);
            let taken = on - if Stream::about(self.seed, "number", &case.id).chance(TAKEN_BEFORE.0) { TAKEN_BEFORE.1 } else { 0 };
            let new_year = epoch_days(date(year_of(decided) as i16, 1, 1));
            let day = (taken - new_year + 10).max(0);
            format!("{day:03}{}{:03}", &case.id[case.id.len() - 6..case.id.len() - 5], case.number % 1_000)
        } else {
            case.id[case.id.len() - 7..].to_owned()
        };
        format!("{}罚〔{}〕{number}号", self.short_name(unit), year_of(decided))
    }

    fn short_name(&self, unit: &Unit) -> String {
        let short = |name: &str| name.trim_end_matches(['省', '市', '区', '县']).to_owned();
        let place = match (unit.county, unit.city) {
            (Some(county), _) => short(&self.counties[county].name),
            (None, Some(city)) => short(&self.cities[city].name),
            _ => short(&self.province.1),
        };
        let kind = match &unit.id[unit.id.len() - 2..] {
            "SJ" => "市监",
            "ZF" => "综执",
            "ST" => "环",
            "JT" => "交",
            "YJ" => "应急",
            _ => return format!("{place}{}", unit.name.trim_end_matches("办事处").trim_end_matches("人民政府")),
        };
        format!("{place}{kind}{}", if unit.tier == Tier::County { "" } else { "直" })
    }

    fn write_lead_of(&self, sheets: &mut Sheets, unit: &Unit, case: &Case) {
        let received = shanghai_day(case.received_at);
        if received > self.days.as_of() {
            return;
        }
        let sheet = sheets.of("leads");
        sheet
            .text("lead_id", &format!("XS{}", case.id))
            .text("source", ["12345", "complaint", "report", "transfer"][(case.salt % 4) as usize]);
        if let Some(firm) = &case.firm {
            sheet.text("credit_code", &firm.code);
            if !self.small {
                sheet.text("subject", &firm.name);
            }
        }
        sheet.text("violation_type", case.item.violation).text("place_code", &self.counties[case.place_county].code);
        if !case.item_missing && (!self.small || case.salt % 3 == 0) {
            sheet.text("item_code", case.item.code);
        }
        sheet.flag("is_data_fraud", (case.domain == ECO).then_some(case.item.pollution.is_some() && case.salt % 11 == 0));
        sheet.flag("is_food_drug", case.item.food && case.domain == MARKET).flag("is_major", case.salt % 25 == 0);
        sheet.date("received_on", received).instant("received_at", case.received_at);
        if !self.small || case.salt % 8 == 0 {
            sheet.instant("assigned_at", self.days.seen_at(Some(case.received_at + 3 * HOUR)));
        }
        sheet.instant("checked_at", self.days.seen_at(Some(case.found_at)));
        let filed = case.filed.or(case.decided).unwrap_or(received + 10);
        let decision_at = (start_of_day(filed) + 16 * HOUR).max(case.received_at + HOUR);
        let decided = self.days.seen_at(Some(decision_at)).filter(|_| self.knows(case));
        if decided.is_some() {
            sheet.text("decision", "file").instant("decision_at", decided);
        }
        if case.salt % 33 == 0 {
            sheet.number("suspended_days", 5 + (case.salt % 9) as i64);
        }
        self.common(sheet, unit, case.domain, case.received_at + HOUR, decided);
        sheet.end();
    }
}

/// Share of old cases that one night corrects.
const REVISED_SHARE: f64 = 0.0008;

/// A device's id.
pub(super) fn device_id(unit: &Unit, nth: u32) -> String {
    format!("SB{}{:02}", unit.id, nth + 1)
}

impl Days {
    /// The evening of a day, when its events are entered.
    pub fn evening(day: i32) -> i64 {
        start_of_day(day) + DAY_MICROSECONDS * 3 / 4
    }
}
