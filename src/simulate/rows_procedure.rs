//! Rows that follow a case: stages, documents, suspensions, restoration, monitoring, challenges, file reviews, the platform's copy.
//!
//! In: a case and a stream named after it. Out: rows of those tables, as far as the extract can know them.
//! Never here: rows of `cases`.

use crate::calendar::start_of_day;
use crate::simulate::case_detail::service_method;
use crate::simulate::cases::{Case, Origin};
use crate::simulate::days::{Days, HOUR};
use crate::simulate::draw::Stream;
use crate::simulate::items::{DOMAINS, ECO, URBAN};
use crate::simulate::sheet::Sheets;
use crate::simulate::world::{Tier, Unit, World};

impl World {
    /// Everything that hangs on a case the extract knows.
    pub fn write_procedure(&self, sheets: &mut Sheets, unit: &Unit, case: &Case, stream: &mut Stream) {
        let known = self.knows(case);
        if known {
            self.write_stages(sheets, unit, case);
            self.write_suspensions(sheets, unit, case);
        }
        if self.write_documents(sheets, unit, case, known, stream) {
            self.write_rare_papers(sheets, unit, case);
        }
        self.write_restoration(sheets, unit, case, known, stream);
        self.write_monitoring(sheets, unit, case, known, stream);
        let corrected = self.write_challenges(sheets, unit, case, known, stream);
        self.write_file_review(sheets, unit, case, known, stream);
        self.write_platform_case(sheets, unit, case, known, stream);
        self.write_disclosure(sheets, unit, case, corrected);
        if known {
            self.write_coercion(sheets, unit, case);
            self.write_evidence(sheets, unit, case);
            self.write_accident(sheets, unit, case);
        }
    }

    fn write_stages(&self, sheets: &mut Sheets, unit: &Unit, case: &Case) {
        if case.procedure == "simple" {
            return;
        }
        // Every fourth office sends its stages; the backdating ones do, since that is where it shows. The others send those alone that
        // say what stands nowhere else: when a review began, who presided over a hearing.
        let sends_all = unit.index % 4 == 0 || unit.backdates;
        let registered = Stream::about(self.seed, "review register", &case.id).chance(World::odds(unit, 0.75, 0.99));
        let steps = [
            ("filed", case.filed, sends_all),
            ("investigated", case.investigated, sends_all),
            ("notice", case.notice, sends_all),
            ("hearing", case.hearing, true),
            ("legal_review", case.reviewed, sends_all || registered),
            ("collective", case.discussed, sends_all),
            ("decision", case.decided, sends_all),
            ("delivery", case.delivered, sends_all),
            ("performance", self.performed_on(unit, case), sends_all),
            ("closed", case.closed, sends_all),
        ];
        for (stage, day, _) in steps.into_iter().filter(|step| step.2) {
            if let Some(day) = self.days.seen(day) {
                self.write_stage(sheets, unit, case, stage, day);
            }
        }
    }

    fn write_stage(&self, sheets: &mut Sheets, unit: &Unit, case: &Case, stage: &'static str, day: i32) {
        let at = start_of_day(day) + 9 * HOUR;
        let sheet = sheets.of("case_stages");
        sheet.text("case_id", &case.id).number("ordinal", 1).text("stage", stage).date("staged_on", day);
        if stage == "legal_review" {
            let mut stream = Stream::about(self.seed, "legal review", &case.id);
            let lag = Days::lag(10, World::odds(unit, 0.6, 0.98), &mut stream);
            let begun = self.days.minus_working(day, lag).max(case.filed.unwrap_or(day).min(day));
            sheet.instant("started_at", stream.chance(0.97).then_some(start_of_day(begun) + 9 * HOUR));
        }
        if !self.small || stage == "legal_review" {
            sheet.instant("finished_at", at + 3 * HOUR);
        }
        let officers = match stage {
            "legal_review" => vec![self.officer_id(unit, unit.officers - 1)],
            "hearing" => vec![self.host_of(unit, case)],
            "collective" => self.voters_of(unit, case).1,
            _ if self.small && stage != "investigated" => Vec::new(),
            _ => vec![self.officer_id(unit, case.officers[0])],
        };
        sheet.list("officers", &officers);
        self.common(sheet, unit, case.domain, (at + 10 * HOUR).max(self.entered_at(case)), None);
        sheet.end();
    }

    fn write_suspensions(&self, sheets: &mut Sheets, unit: &Unit, case: &Case) {
        for suspension in case.suspensions.iter().filter(|suspension| suspension.from <= self.days.as_of()) {
            let sheet = sheets.of("case_suspensions");
            sheet.text("case_id", &case.id).date("from_date", suspension.from).date("to_date", self.days.seen(suspension.to));
            sheet.text("kind", suspension.kind);
            self.common(sheet, unit, case.domain, Days::evening(suspension.from).max(self.entered_at(case)), None);
            sheet.end();
        }
    }

    /// Whether the file was scanned.
    fn write_documents(&self, sheets: &mut Sheets, unit: &Unit, case: &Case, known: bool, stream: &mut Stream) -> bool {
        let simple = case.procedure == "simple";
        let good = World::odds(unit, 0.80, 0.988);
        // A file that nobody scanned lacks every document. Careful offices scan nearly all; see `World::scanned` for a large province.
        let scanned = stream.chance(match self.scanned {
            Some(share) if !simple => share,
            Some(_) if unit.tier != Tier::Township => 0.3,
            _ => World::odds(unit, 0.82, 0.995),
        });
        // A small province sends the documents when the case has ended.
        let sent = scanned && (!self.small || self.days.seen(case.decided.or(case.closed)).is_some());
        for (index, (kind, day)) in papers(case).into_iter().enumerate() {
            let (missing, faulty, late, no_number) = (
                stream.chance(0.012 + (1.0 - good) * 0.1),
                !stream.chance(good),
                !stream.chance(World::odds(unit, 0.78, 0.96)),
                stream.chance((1.0 - good) * 0.15),
            );
            let (page, unchecked) = (stream.between(1, 12), stream.chance(0.03));
            let archive = Days::lag(7, if late { 0.0 } else { 1.0 }, stream);
            let mut service = Stream::about(self.seed, kind, &case.id);
            let (noted, at_once) = (service.chance(0.975), service.chance(World::odds(unit, 0.45, 0.97)));
            let (Some(day), true) = (self.days.seen(day), known && sent && !missing) else { continue };
            let is_decision = kind.ends_with("decision");
            let sheet = sheets.of("case_documents");
            sheet
                .text("document_id", &format!("WS{}{index}", case.id))
                .text("case_id", &case.id)
                .text("doc_kind", kind)
                .date("dated_on", day);
            if is_decision && !no_number {
                sheet.text("doc_no", &self.decision_no(unit, case, day));
            }
            let served = if is_decision {
                case.delivered
            } else if kind == "prior_notice" || (kind == "hearing_right_notice" && noted) {
                Some(day)
            } else {
                None
            };
            let served = self.days.seen(served);
            let method = service_method(case);
            let in_person = matches!(method, "direct" | "leave");
            if let Some(served) = served {
                // Now and then nobody wrote down when a paper was handed over.
                sheet.instant("served_at", (noted || !in_person).then_some(start_of_day(served) + 15 * HOUR));
                sheet.text("service_method", method);
                sheet.flag("service_consent", (method == "electronic").then_some(case.salt % 15 != 3));
            }
            // One seal in thirty waits for the next morning.
            let sealed =
                if case.salt % 30 == 7 { start_of_day(self.days.plus_working(day, 1)) + 9 * HOUR } else { start_of_day(day) + 14 * HOUR };
            if !self.small {
                sheet.number("page_count", i64::from(page));
            }
            if !self.small || self.honest && is_decision {
                sheet.instant("signed_at", sealed);
            }
            // What city officers hand over in the street goes into the file on the same day, or when somebody thinks of it. A small
            // province notes the filing of the decision alone, which every rule asks for, and of what city officers served.
            let in_street = served.filter(|_| in_person && case.domain == URBAN);
            let archived = match in_street {
                Some(served) if at_once => served,
                Some(served) => self.days.plus_working(served, archive.max(1)),
                None => self.days.plus_working(day, archive),
            };
            if is_decision || in_street.is_some() || !self.small {
                sheet.instant("archived_at", self.days.seen(Some(archived)).map(Days::evening));
            }
            // Most documents of a small province take their domain from the case.
            sheet.text_of("domain", (case.salt % 8 == 0).then_some(DOMAINS[case.domain]));
            if !unchecked {
                sheet.flag("elements_ok", !faulty);
            }
            if faulty && !unchecked {
                sheet.list("missing_elements", &[["当事人签名", "执法人员签名", "日期", "印章"][(case.salt % 4) as usize]]);
            }
            self.common(sheet, unit, case.domain, Days::evening(day).max(self.entered_at(case)), None);
            sheet.end();
        }
        known && scanned
    }

    fn write_restoration(&self, sheets: &mut Sheets, unit: &Unit, case: &Case, known: bool, stream: &mut Stream) {
        let (linked, early, length, done) =
            (stream.chance(World::odds(unit, 0.45, 0.97)), stream.chance(0.85), stream.between(30, 120), stream.chance(0.7));
        let (true, Some(decided), true) =
            (case.domain == ECO && case.damage == Some(true) && case.is_penalty(), case.decided, linked && known)
        else {
            return;
        };
        let ordered = if early { decided - length % 8 } else { decided + length % 15 };
        if ordered > self.days.as_of() {
            return;
        }
        let due = ordered + length;
        // Some orders say what is to be restored and not until when.
        let dated = !Stream::about(self.seed, "no last day", &case.id).chance(self.rare(0.016));
        let sheet = sheets.of("restoration_plans");
        sheet.text("plan_id", &format!("XF{}", case.id)).text("case_id", &case.id);
        sheet.date("ordered_on", ordered).date("due_on", dated.then_some(due));
        sheet.date("submitted_on", self.days.seen(Some(ordered + 12))).date("accepted_on", self.days.seen(Some(ordered + 20)));
        if done {
            sheet.date("done_on", self.days.seen(Some(due - 5))).date("verified_on", self.days.seen(Some(due + 6)));
        }
        self.common(sheet, unit, ECO, Days::evening(ordered).max(self.entered_at(case)), None);
        sheet.end();
    }

    fn write_monitoring(&self, sheets: &mut Sheets, unit: &Unit, case: &Case, known: bool, stream: &mut Stream) {
        let used = stream.chance(World::odds(unit, 0.30, 0.90));
        let state = stream.choose(&[("ok", 0.86), ("maint", 0.05), ("stopped", 0.05), ("fault", 0.04)]);
        let (value, manual, flagged) = (stream.between(105, 260), stream.chance(0.08), stream.chance(0.04));
        let (Some(kind), Some(firm), true) = (case.item.pollution, &case.firm, used && known && case.domain == ECO) else { return };
        let measured = case.found_at - 20 * HOUR;
        let sheet = sheets.of("monitoring_data_refs");
        sheet
            .text("ref_id", &format!("JK{}", case.id))
            .flag("is_automatic", !manual)
            .text("station_id", &format!("ZD{}", &firm.code[8..17]));
        sheet
            .text("credit_code", &firm.code)
            .text("kind", kind)
            .instant("measured_at", measured)
            .date("measured_on", crate::calendar::shanghai_day(measured));
        sheet
            .text("value", &format!("{}.{}", value, value % 10))
            .text("limit_value", "100.0")
            .flag("exceed", true)
            .text("device_state", state);
        // Flags of HJ 212: N in order, D device fault.
        sheet.text("quality_flag", if flagged { "D" } else { "N" }).flag("used_as_basis", true);
        // Most of what stands behind a case was confirmed only in the case.
        if case.origin == Origin::Lead && case.salt % 4 == 0 {
            let received = crate::calendar::shanghai_day(case.received_at);
            let confirmed = crate::calendar::shanghai_day(measured).max(received - (case.salt % 3) as i32);
            sheet.date("confirmed_on", self.days.seen(Some(confirmed)));
        }
        if case.origin == Origin::Lead {
            sheet.text("lead_id", &format!("XS{}", case.id));
        }
        if case.origin != Origin::Lead || case.salt % 2 == 0 {
            sheet.text("case_id", &case.id);
        }
        self.common(sheet, unit, ECO, measured + 30 * HOUR, None);
        sheet.end();
    }

    /// The day on which the decision was corrected, if the extract knows it.
    fn write_challenges(&self, sheets: &mut Sheets, unit: &Unit, case: &Case, known: bool, stream: &mut Stream) -> Option<i32> {
        let challenged = stream.chance(self.rare(match (case.procedure, self.small) {
            ("simple", false) => 0.004,
            ("simple", true) => 0.12,
            (_, false) => 0.03,
            (_, true) => 0.22,
        }));
        let (start, length) = (stream.between(5, 55), stream.between(25, 60));
        let wrong = World::odds(unit, 0.34, 0.03);
        let outcome = |stream: &mut Stream| -> &'static str {
            let corrected = stream.chance(wrong);
            let bad = stream.choose(&[
                ("changed", 3.0),
                ("annulled", 3.0),
                ("partly_annulled", 1.0),
                ("illegal_confirmed", 1.5),
                ("void_confirmed", 0.3),
            ]);
            let good = stream.choose(&[
                ("upheld", 7.0),
                ("dismissed", 2.0),
                ("mediated", 0.8),
                ("withdrawn", 0.8),
                ("settled", 0.3),
                ("self_corrected", 0.5),
                ("duty_ordered", 0.2),
            ]);
            if corrected { bad } else { good }
        };
        let levels = [("reconsideration", "FY", 0.35), ("litigation_first", "YS", 0.4), ("litigation_second", "ES", 0.0)];
        let drawn: Vec<(&'static str, bool, bool)> =
            levels.iter().map(|level| (outcome(stream), stream.chance(level.2), stream.chance(0.6))).collect();
        let (Some(decided), true) = (case.decided, challenged && known && matches!(case.outcome, "penalty" | "no_penalty")) else {
            return None;
        };
        let (mut filed, mut corrected_on) = (decided + start, None);
        for ((kind, prefix, _), (result, goes_on, head)) in levels.into_iter().zip(drawn) {
            if filed > self.days.as_of() {
                return corrected_on;
            }
            let settled = self.days.seen(Some(self.days.working(filed + length)));
            let sheet = sheets.of("reviews_litigation");
            sheet.text("rl_id", &format!("{prefix}{}", case.id)).text("kind", kind).text("case_id", &case.id).date("filed_on", filed);
            // A court of first instance does not uphold an act, it rejects the claim against it.
            let result = if kind == "litigation_first" && result == "upheld" { "claim_rejected" } else { result };
            sheet.date("decided_on", settled).text("outcome", if settled.is_some() { result } else { "pending" });
            let corrected = matches!(result, "changed" | "annulled" | "partly_annulled" | "illegal_confirmed" | "void_confirmed");
            // Some claims are settled on paper.
            let heard = kind != "reconsideration" && case.salt % 11 != 5;
            sheet.flag("corrected", corrected && settled.is_some()).flag("hearing_held", heard);
            if heard {
                sheet.flag("head_attended", head);
            }
            if matches!(result, "self_corrected" | "withdrawn" | "settled") && settled.is_some() {
                // Most of those who settled had changed their decision before; some withdrew for nothing.
                let changed = result == "self_corrected" || case.salt % 3 == 0;
                sheet.date("agency_changed_on", changed.then_some(filed + length / 2));
            }
            sheet.date("hearing_on", settled.filter(|_| heard).map(|day| self.days.worked_before(day - length / 3)));
            if corrected && settled.is_some() {
                corrected_on = settled;
                sheet.list("faults", &[["程序违法", "事实不清", "适用法律错误", "明显不当"][(case.salt % 4) as usize]]);
            }
            self.common(sheet, unit, case.domain, Days::evening(filed), settled.map(Days::evening));
            sheet.end();
            if !goes_on || settled.is_none() {
                return corrected_on;
            }
            filed = filed + length + start % 15 + 5;
        }
        corrected_on
    }

    fn write_file_review(&self, sheets: &mut Sheets, unit: &Unit, case: &Case, known: bool, stream: &mut Stream) {
        let (reviewed, after, legality, form) =
            (stream.chance(self.rare(0.05)), stream.between(15, 80), stream.chance(World::odds(unit, 0.72, 0.96)), stream.between(8, 50));
        let (Some(closed), true) = (case.closed, reviewed && known && case.decided.is_some() && !case.has_left()) else { return };
        let on = self.days.working(closed + after);
        if on > self.days.as_of() || unit.tier == Tier::Province {
            return;
        }
        let form = (f64::from(form) * (0.7 + 0.3 * unit.skill)) as i64;
        let total = if legality { 50 } else { 0 } + form;
        // Now and then the list of those reviewed is entered, and what came out never is.
        let judged = !legality || !Stream::about(self.seed, "no result", &case.id).chance(self.rare(0.012));
        let sheet = sheets.of("case_file_reviews");
        sheet.text("review_id", &format!("PC{}", case.id)).text("case_id", &case.id).text("tier", "city").flag("blind", case.salt % 4 == 0);
        sheet.date("reviewed_on", on);
        if judged {
            sheet.number("legality_score", if legality { 50 } else { 0 }).number("form_score", form).number("total", total);
            sheet.text("grade", grade_of(total));
        }
        if !legality {
            sheet.list("veto_items", &[["执法人员不足两人", "未告知权利", "适用法律错误", "超过追责时效"][(case.salt % 4) as usize]]);
        }
        sheet.text("reviewer_id", &reviewer_of(case));
        self.common(sheet, unit, case.domain, Days::evening(on), None);
        sheet.end();
        self.write_second_review(sheets, unit, case, (on, total));
    }

    /// A review of the same file, mostly blind and by others, who mostly see it the same way.
    fn write_second_review(&self, sheets: &mut Sheets, unit: &Unit, case: &Case, (first_on, first): (i32, i64)) {
        let mut stream = Stream::about(self.seed, "second review", &case.id);
        let (happens, on, drift) =
            (stream.chance(0.3), self.days.working(first_on + stream.between(5, 30)), (3.5 * stream.normal()).round() as i64);
        if !happens || on > self.days.as_of() {
            return;
        }
        let total = (first + drift).clamp(0, 100);
        // A few prove nothing: whoever looked again saw the first grade, had given it, or gave points and no grade.
        let flaw = Stream::about(self.seed, "second look", &case.id).unit() / self.rare(0.018);
        let (blind, by_another, graded) = (flaw >= 1.0, !(1.0..2.0).contains(&flaw), !(2.0..3.0).contains(&flaw));
        let sheet = sheets.of("case_file_reviews");
        sheet.text("review_id", &format!("PF{}", case.id)).text("case_id", &case.id).text("tier", "province").flag("blind", blind);
        sheet.date("reviewed_on", on).number("total", total).text_of("grade", graded.then(|| grade_of(total)));
        let reviewer = if by_another { format!("PC{:03}", 200 + case.salt % 90) } else { reviewer_of(case) };
        sheet.text("reviewer_id", &reviewer).text("second_review_id", &format!("PC{}", case.id));
        self.common(sheet, unit, case.domain, Days::evening(on), None);
        sheet.end();
    }

    /// The platform's own record of a decided case: usually the same, sometimes missing, different or still on its way.
    fn write_platform_case(&self, sheets: &mut Sheets, unit: &Unit, case: &Case, known: bool, stream: &mut Stream) {
        let good = World::odds(unit, 0.90, 0.996);
        let (same, fault, transit, only_there) =
            (stream.chance(good), stream.unit(), stream.between(0, 3), stream.chance((1.0 - good) * 0.2));
        let Some(decided) = self.days.seen(case.decided).filter(|_| known && !case.has_left()) else { return };
        if self.without_interface(unit) || unit.silent {
            return;
        }
        if !same && fault < 0.35 {
            return;
        }
        let arrived = (self.days.plus_working(decided, transit).max(decided)).max(crate::calendar::shanghai_day(self.entered_at(case)));
        let Some(arrived_at) = self.days.seen_at(Some(start_of_day(arrived) + 22 * HOUR)) else { return };
        let differs = |part: f64| !same && (fault - 0.35) / 0.65 >= part && (fault - 0.35) / 0.65 < part + 0.25;
        let number = self.decision_no(unit, case, decided);
        let sheet = sheets.of("platform_records");
        sheet
            .text("platform_id", &format!("PT{}", case.id))
            .text("source_table", "cases")
            .text("key_text", &number)
            .date("event_date", decided);
        sheet.text("decision_no", &number).date("decided_on", if differs(0.0) { decided + 1 } else { decided });
        sheet.hundredths("fine_amount", case.fine.map(|fine| if differs(0.25) { fine * 10 } else { fine }));
        let other = if differs(0.5) {
            "不详".to_owned()
        } else {
            case.firm
                .as_ref()
                .map_or_else(|| format!("{}******{:06}", self.counties[case.county].code, case.salt % 1_000_000), |firm| firm.code.clone())
        };
        sheet.text("party_code", &other).text("outcome", if differs(0.75) { "penalty" } else { case.outcome });
        sheet.instant("arrived_at", arrived_at).text("source_batch", &format!("PT{arrived}")).text("status", "已入库");
        sheet.instant("submitted_at", self.submitted_before(arrived, &case.id));
        self.common(sheet, unit, case.domain, arrived_at, None);
        sheet.end();
        if only_there {
            let sheet = sheets.of("platform_records");
            let key = number.replace('罚', "补罚");
            sheet
                .text("platform_id", &format!("PTB{}", case.id))
                .text("source_table", "cases")
                .text("key_text", &key)
                .date("event_date", decided);
            sheet
                .text("decision_no", &key)
                .date("decided_on", decided)
                .instant("arrived_at", arrived_at)
                .text("outcome", "penalty")
                .text("status", "已入库");
            self.common(sheet, unit, case.domain, arrived_at, None);
            sheet.end();
        }
    }
}

/// Who reviewed the case's file first.
fn reviewer_of(case: &Case) -> String {
    format!("PC{:03}", case.salt % 200)
}

fn grade_of(total: i64) -> &'static str {
    match total {
        90.. => "excellent",
        80.. => "good",
        60.. => "pass",
        _ => "fail",
    }
}

/// The papers of the case's path with their days.
fn papers(case: &Case) -> Vec<(&'static str, Option<i32>)> {
    if case.procedure == "simple" {
        return vec![("simple_decision", case.decided)];
    }
    if case.has_left() {
        return vec![("filing_approval", case.filed)];
    }
    let decision = if case.outcome == "no_penalty" { "no_penalty_decision" } else { "decision" };
    let mut papers = vec![("filing_approval", case.filed)];
    if case.procedure == "ordinary" {
        papers.push(("investigation_report", case.notice.map(|day| day - 1)));
    }
    if case.is_penalty() {
        papers.push(("prior_notice", case.notice));
        papers.push(("hearing_right_notice", case.notice.filter(|_| case.is_major())));
        papers.push(("legal_review_opinion", case.reviewed));
        papers.push(("collective_record", case.discussed));
    }
    if case.outcome == "no_penalty" {
        papers.push(("education_record", case.decided.filter(|_| case.education)));
    }
    papers.extend([(decision, case.decided), ("delivery_receipt", case.delivered)]);
    papers
}
