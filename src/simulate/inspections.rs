//! Inspections: those behind cases, those of random-draw plans, and the rest; and the disputes that break out on the spot.
//!
//! In: a unit, a month, its cases. Out: rows of `inspections`, `inspection_plans`, `conflicts` and the platform's copies.
//! Never here: cases themselves.

use crate::calendar::{shanghai_day, start_of_day};
use crate::simulate::cases::{Case, Origin};
use crate::simulate::days::{Days, HOUR, minutes};
use crate::simulate::draw::{Stream, hash_of, share_of};
use crate::simulate::firms::Firm;
use crate::simulate::items::{EMERGENCY, ITEMS, Item, MARKET, TRANSPORT, URBAN, items_of, supervise_code};
use crate::simulate::rows_entry::VisitSlip;
use crate::simulate::rows_hazard::Found;
use crate::simulate::rows_recording::Act;
use crate::simulate::sheet::{Sheet, Sheets};
use crate::simulate::world::{Tier, Unit, World};
use crate::terms::Month;

/// One inspection.
struct Visit {
    id: String,
    domain: usize,
    item: Option<&'static Item>,
    firm: Option<Firm>,
    plan: Option<String>,
    kind: &'static str,
    trigger: &'static str,
    form: &'static str,
    from: i64,
    length: i32,
    officers: Vec<u32>,
    result: &'static str,
    case: Option<String>,
    /// A case was made of it, whether or not the extract knows that yet.
    behind_case: bool,
    name: Option<&'static str>,
    /// The visit whose problem this one looks at again.
    recheck_of: Option<String>,
}

impl Visit {
    /// Hours from the visit's beginning to its filing: before it when in order, or soon after an emergency.
    fn filed_after(&self, in_order: bool, hours: i32) -> i32 {
        match (self.trigger, in_order) {
            ("emergency", true) => hours % 30,
            (_, true) => -hours,
            (_, false) => hours,
        }
    }
}

/// How a problem was looked at again.
struct Recheck {
    on: i32,
    passed: bool,
    /// As a visit of its own.
    apart: bool,
}

/// Where a dispute may break out.
struct Scene<'a> {
    inspection: Option<&'a String>,
    case: Option<&'a String>,
    domain: usize,
    at: i64,
}

/// Visits that an office writes down in steps of five minutes: a third in the middle one (the logit of it), and how offices differ.
const LOGIT_OF_ROUNDING: f64 = -0.7;
const ROUNDING_DIFFERS_BY: f64 = 0.5;

/// Inspections for every case.
const VISITS_PER_CASE: f64 = 0.62;

impl World {
    /// Every inspection of the unit in the month.
    pub fn write_inspections(&self, sheets: &mut Sheets, unit: &Unit, month: Month, cases: &[Case], expected: f64) {
        let mut stream = Stream::new(self.seed, "inspections", &[unit.index as u64, month.to_epoch_days() as u64]);
        for case in cases.iter().filter(|case| case.origin == Origin::Inspection) {
            let known = self.knows(case);
            // A visit takes as long as it takes: the case tells, so that no draw of the month moves.
            let length = 20 + (case.salt % 67) as i32;
            let visit = Visit {
                id: format!("JC{}", case.id),
                domain: case.domain,
                item: (!case.item_missing).then_some(case.item),
                firm: case.firm.as_ref().map(|firm| self.firm(case.county, firm.index % self.firms_per_county)),
                plan: None,
                kind: if case.salt % 3 == 0 { "cause" } else { "special" },
                trigger: if case.salt % 3 == 0 { "complaint" } else { "plan" },
                form: "onsite",
                from: case.received_at - minutes(length + 5),
                length,
                officers: case.officers.clone(),
                result: if known { "case" } else { "problem" },
                case: known.then(|| case.id.clone()),
                behind_case: true,
                name: Some(case.item.violation),
                recheck_of: None,
            };
            self.write_visit(sheets, unit, &visit, &mut stream);
        }
        let count = stream.poisson(expected * VISITS_PER_CASE);
        for number in 0..count {
            let visit = self.free_visit(unit, month, number, &mut stream);
            let known = self.write_visit(sheets, unit, &visit, &mut stream);
            let scene = Scene { inspection: Some(&visit.id), case: None, domain: visit.domain, at: visit.from + minutes(visit.length / 2) };
            self.write_conflict(sheets, unit, &scene, known, &mut stream);
        }
        let mut stream = Stream::new(self.seed, "conflicts", &[unit.index as u64, month.to_epoch_days() as u64]);
        for case in cases.iter().filter(|case| case.origin == Origin::Patrol) {
            let scene = Scene { inspection: None, case: self.knows(case).then_some(&case.id), domain: case.domain, at: case.received_at };
            self.write_conflict(sheets, unit, &scene, true, &mut stream);
        }
        self.write_planned(sheets, unit, month);
    }

    fn free_visit(&self, unit: &Unit, month: Month, number: usize, stream: &mut Stream) -> Visit {
        let weights: Vec<f64> = unit.domains.iter().map(|(_, weight)| *weight).collect();
        let domain = unit.domains[stream.weighted(&weights)].0;
        let mut items = items_of(domain);
        let off_list = stream.chance(World::odds(unit, 0.24, 0.04));
        if unit.tier == Tier::Township {
            items.retain(|(index, _)| ITEMS[*index].township != off_list);
        }
        let item = &ITEMS[items.get(stream.below(items.len())).map_or(0, |item| item.0)];
        let county = self.county_for(unit, stream);
        // The same few firms are visited again and again, by careless units more than by careful ones: that is a pattern of its own
        // (`selective_targets`), which an honest province does not have.
        let share = stream.unit();
        let again = if self.small { World::odds(unit, 0.75, 0.20) } else { World::odds(unit, 0.40, 0.05) };
        let is_again = stream.chance(again) && !self.honest;
        let firm = self.firm(county, if is_again { (share * 1.5) as u64 } else { self.firm_number(share) });
        let (kind, trigger) = [
            ("routine", "plan"),
            ("key", "plan"),
            ("special", "plan"),
            ("merged", "plan"),
            ("commitment", "licence"),
            ("cause", "complaint"),
            ("cause", "offsite_alert"),
            ("routine", "recheck"),
            ("special", "assigned"),
            ("cause", "emergency"),
            ("routine", "request"),
            ("special", "supervision"),
            ("cause", "media"),
        ][stream.weighted(&[8.0, 2.0, 3.0, 1.2, 0.4, 2.0, 0.8, 1.2, 0.8, 0.7, 0.2, 0.3, 0.1])];
        let street = domain == URBAN && stream.chance(0.45);
        let corrected = stream.chance(0.25);
        let result =
            if street && corrected { "corrected" } else { stream.choose(&[("no_problem", 6.0), ("problem", 2.0), ("corrected", 1.2)]) };
        let form = stream.choose(&[("onsite", 8.6), ("offsite", 0.8), ("written", 0.4), ("online", 0.4)]);
        let day = self.days.act_day(month, 0.06, stream);
        Visit {
            id: format!("JC{}{:02}{:02}N{number:05}", unit.id, month.year % 100, month.month),
            domain,
            item: (!stream.chance(World::odds(unit, 0.06, 0.004))).then_some(item),
            firm: (!street).then_some(firm),
            plan: None,
            kind,
            trigger,
            form: if street { "onsite" } else { form },
            from: self.days.office_hour(day, stream),
            length: stream.between(12, 110),
            officers: self.draw_officers(unit, stream),
            result,
            case: None,
            behind_case: false,
            name: street.then_some(item.violation),
            recheck_of: None,
        }
    }

    /// Whether the extract knows the visit, which it then has with all that hangs on it.
    fn write_visit(&self, sheets: &mut Sheets, unit: &Unit, visit: &Visit, stream: &mut Stream) -> bool {
        let filing = stream.chance(World::odds(unit, 0.70, 0.97));
        let (ahead, publish, delay, scanned) = (
            stream.between(1, 200),
            stream.chance(World::odds(unit, 0.78, 0.98)),
            stream.between(1, 19),
            stream.chance(World::odds(unit, 0.4, 0.99)),
        );
        let (declared, wrong, late) = (stream.chance(0.7), stream.chance(0.06), stream.between(20, 40));
        let day = shanghai_day(visit.from);
        let platform = (stream.chance(World::odds(unit, 0.91, 0.997)), stream.unit(), stream.between(0, 3));
        // Careless offices leave the firm's code out now and then.
        let coded = stream.chance(World::odds(unit, 0.95, 0.998));
        let code = visit.firm.as_ref().map(|firm| firm.code.as_str()).filter(|_| coded);
        // What stands behind a case was entered with it.
        let entered = if visit.behind_case { Days::evening(day) + 2 * HOUR } else { self.entered_after(unit, &visit.id, day) };
        if day > self.days.as_of() || self.days.seen_at(Some(entered)).is_none() {
            return false;
        }
        if let Some(firm) = visit.firm.as_ref().filter(|_| visit.form == "onsite") {
            let is_joint = matches!(visit.kind, "merged" | "random_joint");
            sheets.visited(&firm.code, day, if is_joint { "" } else { &visit.id });
        }
        let sheet = sheets.of("inspections");
        sheet.text("inspection_id", &visit.id).text_of("plan_id", visit.plan.as_deref()).text_of("case_id", visit.case.as_deref());
        if let Some(firm) = &visit.firm {
            sheet.text_of("credit_code", code).text_of("party_code", code.filter(|_| !self.small));
            sheet.text("object_name", &firm.name).text("party_kind", if firm.individual { "individual_business" } else { "org" });
        } else {
            sheet.text("party_kind", "person");
        }
        if let Some(item) = visit.item {
            sheet.text("item_code", item.code);
            if !self.small {
                sheet.text("supervise_item_code", &supervise_code(item)).text("unit_name", &unit.name);
            }
        }
        sheet
            .text_of("check_action_name", visit.name)
            .text("form", visit.form)
            .text("kind", visit.kind)
            .text("trigger_kind", visit.trigger);
        let uncounted = visit.trigger != "plan";
        if declared {
            sheet.flag("counts_toward_cap", uncounted == wrong);
        }
        if filing || ahead % 3 == 0 {
            let filed_at = visit.from + i64::from(visit.filed_after(filing, ahead)) * HOUR;
            sheet.text("filed_no", &format!("BA{}", visit.id)).instant("filed_at", self.days.seen_at(Some(filed_at)));
        }
        if scanned && visit.form == "onsite" && visit.firm.is_some() {
            sheet.instant("scanned_at", visit.from - minutes(1));
        }
        let slip = self.visit_slip_of(unit, &visit.id);
        let noted = self.noted_length(unit, visit);
        let length = if slip == Some(VisitSlip::EndedBefore) { -noted } else { noted };
        sheet.date("checked_on", day).instant("checked_from", visit.from).instant("checked_to", visit.from + minutes(length));
        let officers: Vec<String> = visit.officers.iter().map(|nth| self.officer_id(unit, *nth)).collect();
        sheet.list("officers", &officers).flag("certificate_shown", true).text("result", visit.result);
        let none = visit.result == "no_problem" && slip != Some(VisitSlip::ProblemsOfNone);
        sheet.number("problems", if none { 0 } else { 1 + i64::from(visit.length % 3) });
        let mut newest = None;
        let exempt = visit.firm.is_some() && Stream::about(self.seed, "exempt", &visit.id).chance(self.rare(0.003));
        if !exempt && (publish || late % 2 == 0) {
            let published = self.days.seen(Some(self.days.plus_working(day, if publish { delay } else { late })));
            newest = newest.max(published);
            let written = published.map(|published| if slip == Some(VisitSlip::PublishedBefore) { day - 3 } else { published });
            sheet.instant("published_at", written.map(Days::evening));
        }
        if visit.result == "problem" {
            let rectified = self.days.seen(Some(day + 4 + delay));
            newest = newest.max(rectified);
            // Careless offices set no day by which to put it right.
            let undated = Stream::about(self.seed, "deadline", &visit.id).chance(World::odds(unit, 0.10, 0.005));
            let written = rectified.map(|rectified| if slip == Some(VisitSlip::RectifiedBefore) { day - 2 } else { rectified });
            sheet.date("rectify_due", (!undated).then_some(day + 15)).instant("rectified_at", written.map(Days::evening));
        }
        newest = newest.max(self.write_visit_detail(sheet, unit, visit, day + 4 + delay));
        let updated = newest.map_or(entered, |day| Days::evening(day).max(entered));
        // Nothing more happens to a visit after two months.
        let settled = self.days.seen(Some(day + 60)).map(|_| newest.unwrap_or(day));
        let entry = self.entry_of(unit, &visit.id, entered, updated, settled);
        self.write_entry(sheet, unit, visit.domain, &entry);
        sheet.end();
        if exempt {
            self.write_visit_exemption(sheets, unit, &visit.id, visit.domain, day);
        }
        self.write_beside_visit(sheets, unit, visit, day, noted);
        self.write_platform_visit(sheets, unit, visit, [day, shanghai_day(entered)], platform, code);
        if let Some(again) = self.recheck_after(unit, visit, day + 4 + delay).filter(|again| again.apart) {
            self.write_recheck(sheets, unit, visit, &again);
        }
        true
    }

    /// More cells of the visit's row: who came along, what was covered, how the first re-check went. The day of that, if it is known.
    fn write_visit_detail(&self, sheet: &mut Sheet, unit: &Unit, visit: &Visit, rectified: i32) -> Option<i32> {
        let mut stream = Stream::about(self.seed, "visit detail", &visit.id);
        let (dressed, whole) = (stream.chance(World::odds(unit, 0.80, 0.99)), stream.chance(World::odds(unit, 0.5, 0.9)));
        let (together, place) = (stream.chance(World::odds(unit, 0.1, 0.6)), stream.below(4));
        let noted = stream.chance(0.4);
        sheet.text_of("recheck_of", visit.recheck_of.as_deref());
        if visit.form == "onsite" {
            sheet.flag("uniform_worn", (noted || !self.small).then_some(dressed));
            if visit.item.is_some_and(|item| item.food) {
                sheet.flag("is_full_points", whole);
            }
        }
        let many = visit.firm.as_ref().is_some_and(|firm| self.has_many_departments(firm));
        if visit.kind == "merged" || visit.kind == "random_joint" || (many && together && visit.trigger == "plan") {
            let partner = visit.firm.as_ref().and_then(|firm| {
                let county = (firm.index / self.firms_per_county) as usize;
                (0..4).find_map(|step| self.office_of(county, (visit.domain + 1 + (place + step) % 4) % 5, unit.index))
            });
            if let Some(partner) = partner {
                sheet.text("merged_visit_id", &format!("ZH{}", visit.id)).list("joint_units", &[&self.units[partner].id]);
            }
        }
        let again = self.recheck_after(unit, visit, rectified).filter(|again| !again.apart)?;
        let on = self.days.seen(Some(again.on));
        sheet.date("first_recheck_on", on).flag("first_recheck_passed", on.map(|_| again.passed));
        on
    }

    /// How the problem was looked at again, if it was: noted on the visit itself, or a visit of its own.
    fn recheck_after(&self, unit: &Unit, visit: &Visit, rectified: i32) -> Option<Recheck> {
        let mut stream = Stream::about(self.seed, "recheck", &visit.id);
        let (looked_at, passed) = (stream.chance(World::odds(unit, 0.7, 0.97)), stream.chance(World::odds(unit, 0.65, 0.96)));
        let (later, apart) = (stream.between(0, 14), stream.chance(if visit.domain == URBAN { 0.3 } else { 0.1 }));
        let on = self.days.working(shanghai_day(visit.from) + 16 + later);
        let again = Recheck { on, passed: passed && rectified <= on, apart };
        (visit.result == "problem" && visit.recheck_of.is_none() && looked_at).then_some(again)
    }

    /// The re-check as a visit of its own.
    fn write_recheck(&self, sheets: &mut Sheets, unit: &Unit, visit: &Visit, again: &Recheck) {
        let mut stream = Stream::about(self.seed, "recheck visit", &visit.id);
        let visit = Visit {
            id: visit.id.replacen("JC", "JF", 1),
            domain: visit.domain,
            item: visit.item,
            firm: visit.firm.as_ref().map(|firm| self.firm((firm.index / self.firms_per_county) as usize, firm.index)),
            plan: None,
            kind: "cause",
            trigger: "recheck",
            form: "onsite",
            from: self.days.office_hour(again.on, &mut stream),
            length: stream.between(10, 30),
            officers: visit.officers.clone(),
            result: if again.passed { "no_problem" } else { "problem" },
            case: None,
            behind_case: false,
            name: visit.name,
            recheck_of: Some(visit.id.clone()),
        };
        self.write_visit(sheets, unit, &visit, &mut stream);
    }

    /// How long the visit is said to have lasted: offices write some of their visits down in steps of five minutes, each a share of its own.
    fn noted_length(&self, unit: &Unit, visit: &Visit) -> i32 {
        if self.small {
            return visit.length;
        }
        let habit = Stream::about(self.seed, "rounding habit", &unit.id).normal();
        let rounded = 1.0 / (1.0 + (-(LOGIT_OF_ROUNDING + ROUNDING_DIFFERS_BY * habit)).exp());
        let which = hash_of(visit.from as u64, unit.index as u64, visit.officers[0] as u64);
        if share_of(self.seed, 95, which) >= rounded { visit.length } else { (visit.length + 2) / 5 * 5 }
    }

    /// The film of the visit, as long as it is said to have lasted, and the hazards that it found.
    fn write_beside_visit(&self, sheets: &mut Sheets, unit: &Unit, visit: &Visit, day: i32, noted: i32) {
        if visit.form == "onsite" {
            let act = Act {
                id: &visit.id,
                inspection: Some(&visit.id),
                measure: None,
                domain: visit.domain,
                from: visit.from,
                minutes: noted,
                officer: visit.officers[0],
            };
            self.write_recordings(sheets, unit, &act);
            let finished_at = visit.from + minutes(noted);
            self.write_visit_rating(sheets, unit, &visit.id, visit.domain, visit.officers[0], finished_at);
        }
        // What is wrong in a city is seldom dangerous; elsewhere most of it is.
        let mut stream = Stream::about(self.seed, "danger", &visit.id);
        let dangerous = match visit.domain {
            EMERGENCY | TRANSPORT => stream.chance(0.8),
            URBAN => stream.chance(0.3),
            _ => false,
        } && matches!(visit.result, "problem" | "case");
        if let Some(firm) = visit.firm.as_ref().filter(|_| dangerous) {
            let (inspection, case) = (Some(visit.id.as_str()), visit.case.as_deref());
            let found = Found { id: &visit.id, by: "inspection", inspection, case, firm, domain: visit.domain, day };
            self.write_hazard(sheets, unit, &found);
        }
    }

    fn write_platform_visit(
        &self,
        sheets: &mut Sheets,
        unit: &Unit,
        visit: &Visit,
        [day, entered]: [i32; 2],
        platform: (bool, f64, i32),
        code: Option<&str>,
    ) {
        let (same, fault, transit) = platform;
        let arrived = self.days.plus_working(day, transit).max(entered);
        if (!same && fault < 0.5) || arrived > self.days.as_of() || unit.silent {
            return;
        }
        let sheet = sheets.of("platform_records");
        sheet.text("platform_id", &format!("PT{}", visit.id)).text("source_table", "inspections").text("key_text", &visit.id);
        sheet.date("event_date", if same || fault < 0.75 { day } else { day - 1 });
        if same || fault >= 0.75 {
            sheet.text_of("party_code", code);
        } else {
            sheet.text("party_code", "不详");
        }
        sheet
            .instant("arrived_at", start_of_day(arrived) + 22 * HOUR)
            .text("source_batch", &format!("PT{arrived}"))
            .text("status", "已入库");
        sheet.instant("submitted_at", self.submitted_before(arrived, &visit.id));
        self.common(sheet, unit, visit.domain, start_of_day(arrived) + 22 * HOUR, None);
        sheet.end();
    }

    fn write_conflict(&self, sheets: &mut Sheets, unit: &Unit, scene: &Scene<'_>, known: bool, stream: &mut Stream) {
        let happens = stream.chance(self.rare(if scene.domain == URBAN { if self.small { 0.6 } else { 0.06 } } else { 0.01 }));
        let calm = stream.chance(World::odds(unit, 0.55, 0.92));
        let (good, bad) = (stream.choose(&[("persuasion", 3.0), ("guidance", 2.0)]), stream.choose(&[("police", 2.0), ("none", 1.0)]));
        let injury = stream.chance(if calm { 0.015 } else { 0.12 });
        let Some(at) = self.days.seen_at(Some(scene.at)).filter(|_| happens && known) else { return };
        let Some(act) = scene.inspection.or(scene.case) else { return };
        let sheet = sheets.of("conflicts");
        sheet
            .text("conflict_id", &format!("CT{act}"))
            .text_of("inspection_id", scene.inspection.map(String::as_str))
            .text_of("case_id", scene.case.map(String::as_str))
            .text("level", if injury { "较重" } else { "轻微" });
        sheet
            .text("resolved_by", if calm { good } else { bad })
            .flag("injury", injury)
            .instant("happened_at", at)
            .date("happened_on", shanghai_day(at));
        self.common(sheet, unit, scene.domain, at + 6 * HOUR, None);
        sheet.end();
    }

    /// Targets of the unit's random-draw plans that are visited in the month.
    fn write_planned(&self, sheets: &mut Sheets, unit: &Unit, month: Month) {
        for quarter_plan in self.plans_of(unit, month) {
            let mut stream = Stream::new(self.seed, "planned", &[unit.index as u64, month.to_epoch_days() as u64, quarter_plan.nth]);
            for (place, (firm, slot)) in quarter_plan.targets.into_iter().enumerate() {
                if slot != month {
                    continue;
                }
                let items = items_of(quarter_plan.domain);
                let day = self.days.act_day(month, 0.02, &mut stream);
                let visit = Visit {
                    id: format!("JC{}{place:04}", quarter_plan.id),
                    domain: quarter_plan.domain,
                    item: items.iter().map(|(index, _)| &ITEMS[*index]).find(|item| item.township || unit.tier != Tier::Township),
                    firm: Some(firm),
                    plan: Some(quarter_plan.id.clone()),
                    kind: quarter_plan.kind,
                    trigger: "plan",
                    form: "onsite",
                    from: self.days.office_hour(day, &mut stream),
                    length: stream.between(15, 80),
                    officers: self.draw_officers(unit, &mut stream),
                    result: stream.choose(&[("no_problem", 7.0), ("problem", 2.0), ("corrected", 1.0)]),
                    case: None,
                    behind_case: false,
                    name: None,
                    recheck_of: None,
                };
                self.write_visit(sheets, unit, &visit, &mut stream);
            }
        }
    }

    /// The unit's plans whose quarter the month lies in.
    fn plans_of(&self, unit: &Unit, month: Month) -> Vec<Plan> {
        let first = Month { year: month.year, month: (month.month - 1) / 3 * 3 + 1 };
        let mut plans = Vec::new();
        for (nth, (domain, share)) in unit.domains.iter().enumerate().take(2) {
            let mut stream = Stream::new(self.seed, "plan", &[unit.index as u64, first.to_epoch_days() as u64, nth as u64]);
            let per_month = self.months.iter().find(|(known, _)| *known == first).or(self.months.last()).map_or(0.0, |(_, cases)| *cases);
            let expected = per_month * 3.0 * unit.weight / self.total_weight;
            let size = stream
                .poisson((expected * share * if *domain == MARKET { 0.3 } else { 0.12 }).max(if nth == 0 { 4.0 } else { 1.5 }))
                .max(1);
            let joint = stream.chance(0.25);
            let county = self.county_for(unit, &mut stream);
            let start = stream.below(self.firms_per_county as usize) as u64;
            let targets = (0..size).map(|place| {
                let done = stream.chance(World::odds(unit, 0.72, 0.97));
                // A target that is not reached in its quarter has no visit: a slot before all time.
                let slot = if done { first.plus(stream.between(0, 2)) } else { Month { year: 1970, month: 1 } };
                (self.firm(county, start + place as u64), slot)
            });
            let targets = targets.collect();
            let id = format!("JH{}{:02}Q{}{nth}", unit.id, first.year % 100, first.month / 3 + 1);
            plans.push(Plan {
                id,
                nth: nth as u64,
                domain: *domain,
                kind: if joint { "random_joint" } else { "random_single" },
                first,
                targets,
            });
        }
        plans
    }

    /// `inspection_plans`, one row a plan, when its quarter begins.
    pub fn write_plans(&self, sheets: &mut Sheets, unit: &Unit, month: Month) {
        if month.month % 3 != 1 && self.months.first().map(|(first, _)| *first) != Some(month) {
            return;
        }
        for plan in self.plans_of(unit, month) {
            let begins = plan.first.to_epoch_days();
            let sheet = sheets.of("inspection_plans");
            sheet
                .text("plan_id", &plan.id)
                .number("plan_year", i64::from(plan.first.year))
                .text("kind", plan.kind)
                .text("target_scope", "辖区内企业按比例抽取");
            sheet.number("planned_targets", plan.targets.len() as i64).date("due", plan.first.plus(3).to_epoch_days() - 1);
            let named = (unit.index + plan.nth as usize) % 5 != 4;
            if named {
                let codes: Vec<&str> = plan.targets.iter().map(|(firm, _)| firm.code.as_str()).collect();
                sheet.list("targets", &codes);
            }
            sheet.instant("filed_at", start_of_day(begins - 12) + 10 * HOUR).text("approved_by", "本机关负责人");
            self.common(sheet, unit, plan.domain, start_of_day(begins - 12) + 12 * HOUR, None);
            sheet.end();
        }
    }
}

/// A random-draw plan of one quarter.
struct Plan {
    id: String,
    nth: u64,
    domain: usize,
    kind: &'static str,
    first: Month,
    targets: Vec<(Firm, Month)>,
}
