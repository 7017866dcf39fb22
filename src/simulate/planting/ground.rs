//! What patterns stand on: which records are a unit's work in the judged year, and edits that reach every table that repeats a fact.
//!
//! In: the honest extract. Out: lists of rows to choose from; days, amounts and parties of a case or a visit changed wherever they stand.
//! Never here: which of them a cheat changes, and why.

use std::collections::BTreeSet;

use crate::calendar::{DAY_MICROSECONDS, end_of_day, shanghai_day, start_of_day};
use crate::simulate::days::{Days, HOUR, year_of};
use crate::simulate::draw::Stream;
use crate::simulate::firms::Firm;
use crate::simulate::planting::tables::{Cell, Table, Tables};
use crate::simulate::world::{Unit, World};
use crate::terms::{Month, date_from_epoch_days};

/// Days in which the safety office must decide, until the rule of February 2026 (`decision.statutory`).
const EMERGENCY_LIMIT: i32 = 30;
/// Days in which everybody else must decide.
const DECISION_LIMIT: i32 = 90;
/// The day from which the safety office has as long as the others: 2026-02-01.
const EMERGENCY_CHANGES: i32 = 20_485;

/// A step of a case, by the column, the papers and the stage that bear its day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulate) enum Step {
    Filed,
    Investigated,
    Notice,
    Hearing,
    Review,
    Discussion,
    Decision,
    Delivery,
    Performed,
    Closed,
}

impl Step {
    /// Steps before the decision is delivered, in their order.
    pub const INSIDE: [Self; 6] = [Self::Investigated, Self::Notice, Self::Hearing, Self::Review, Self::Discussion, Self::Decision];
    /// Steps that follow the decision.
    pub const AFTER: [Self; 3] = [Self::Delivery, Self::Performed, Self::Closed];

    fn column(self) -> &'static str {
        match self {
            Self::Filed => "filed_on",
            Self::Investigated => "investigated_on",
            Self::Notice => "",
            Self::Hearing => "hearing_held_on",
            Self::Review => "legal_review_on",
            Self::Discussion => "collective_discussion_on",
            Self::Decision => "decided_on",
            Self::Delivery => "delivered_on",
            Self::Performed => "performed_on",
            Self::Closed => "closed_on",
        }
    }

    fn stage(self) -> &'static str {
        match self {
            Self::Filed => "filed",
            Self::Investigated => "investigated",
            Self::Notice => "notice",
            Self::Hearing => "hearing",
            Self::Review => "legal_review",
            Self::Discussion => "collective",
            Self::Decision => "decision",
            Self::Delivery => "delivery",
            Self::Performed => "performance",
            Self::Closed => "closed",
        }
    }

    fn papers(self) -> &'static [&'static str] {
        match self {
            Self::Filed => &["filing_approval"],
            Self::Investigated => &["investigation_report"],
            Self::Notice => &["prior_notice", "hearing_right_notice", "delivery_consent"],
            Self::Hearing => &["hearing_record"],
            Self::Review => &["legal_review_opinion"],
            Self::Discussion => &["collective_record"],
            Self::Decision => &["decision", "simple_decision", "no_penalty_decision", "education_record"],
            Self::Delivery => &["delivery_receipt"],
            Self::Performed => &[],
            Self::Closed => &["closing_report"],
        }
    }
}

/// The honest extract and the province that it is of.
pub(in crate::simulate) struct Ground<'a> {
    pub world: &'a World,
    pub tables: &'a mut Tables,
    /// The judged year.
    pub first: i32,
    pub last: i32,
    /// Units that carry nothing yet.
    free: BTreeSet<String>,
}

/// Tables of which a row belongs to one case and goes with it.
const OF_A_CASE: [&str; 12] = [
    "case_documents",
    "case_stages",
    "case_suspensions",
    "disclosures",
    "evidence_files",
    "coercive_measures",
    "reviews_litigation",
    "case_file_reviews",
    "restoration_plans",
    "lead_transfers",
    "jurisdiction_disputes",
    "conflicts",
];

/// Columns that only point to a case, and are emptied when it goes.
const POINTS_TO_A_CASE: [(&str, &str); 7] = [
    ("inspections", "case_id"),
    ("hotline_orders", "linked_case_id"),
    ("lead_transfers", "received_case_id"),
    ("supervision_docs", "case_id"),
    ("monitoring_data_refs", "case_id"),
    ("hazards", "case_id"),
    ("rectifications", "case_id"),
];

/// What follows a decision outside the case's own papers.
const AFTER_THE_DECISION: [(&str, &[&str]); 3] = [
    ("reviews_litigation", &["filed_on", "decided_on", "hearing_on", "agency_changed_on", "updated_at"]),
    ("case_file_reviews", &["reviewed_on", "updated_at"]),
    ("restoration_plans", &["ordered_on", "due_on", "submitted_on", "accepted_on", "done_on", "verified_on", "updated_at"]),
];

impl<'a> Ground<'a> {
    /// The year that ends with the extract's last day.
    pub fn new(world: &'a World, tables: &'a mut Tables) -> Self {
        let last = world.days.as_of();
        let first = Month { year: year_of(last) as i16, month: 1 }.to_epoch_days();
        // The one whose name changed has its records under two names; some send the platform nothing.
        let renamed = world.renamed().map(|renamed| renamed.unit);
        let free = world.units.iter().filter(|unit| Some(unit.index) != renamed && !unit.silent);
        Self { world, tables, first, last, free: free.map(|unit| unit.id.clone()).collect() }
    }

    /// Whether the unit carries nothing yet.
    pub fn is_free(&self, unit: &Unit) -> bool {
        self.free.contains(&unit.id)
    }

    /// The unit carries something.
    pub fn take(&mut self, unit: &str) {
        self.free.remove(unit);
    }

    pub fn of(&self, table: &str) -> &Table {
        self.tables.of(table)
    }

    pub fn edit(&mut self, table: &str) -> &mut Table {
        self.tables.edit(table)
    }

    pub fn in_year(&self, day: Option<i32>) -> bool {
        day.is_some_and(|day| (self.first..=self.last).contains(&day))
    }

    /// The file of the month in which the day lies.
    pub fn file_of(&self, day: i32) -> usize {
        let month = date_from_epoch_days(day).map(Month::of);
        let nth = self.world.months.iter().position(|(known, _)| Some(*known) == month);
        nth.unwrap_or(self.world.months.len() - 1)
    }

    /// Rows of the unit in the table whose day in the column lies in the judged year.
    pub fn of_year(&self, table: &str, unit: &Unit, column: &str) -> Vec<usize> {
        let known = self.of(table);
        known.find("unit_id", &unit.id).into_iter().filter(|row| self.in_year(known.day(*row, column))).collect()
    }

    /// Cases of the year.
    pub fn cases(&self, unit: &Unit) -> Vec<usize> {
        self.of_year("cases", unit, "opened_on")
    }

    /// Cases that were decided in the year, beyond the simple procedure, filed before, with a penalty.
    pub fn ordinary(&self, unit: &Unit) -> Vec<usize> {
        let cases = self.of("cases");
        let rows = self.of_year("cases", unit, "decided_on");
        let is_ordinary = |row: &usize| {
            let filed = cases.day(*row, "filed_on");
            cases.text(*row, "procedure") != Some("simple")
                && cases.text(*row, "outcome") == Some("penalty")
                && filed.zip(cases.day(*row, "decided_on")).is_some_and(|(filed, decided)| filed <= decided && filed >= self.first)
        };
        rows.into_iter().filter(is_ordinary).collect()
    }

    /// Penalties of the year with a fine.
    pub fn fined(&self, unit: &Unit) -> Vec<usize> {
        let cases = self.of("cases");
        let rows = self.of_year("cases", unit, "decided_on");
        rows.into_iter().filter(|row| cases.number(*row, "fine_amount").is_some_and(|fine| fine > 0)).collect()
    }

    /// Visits of the year on site, with their times.
    pub fn visits(&self, unit: &Unit) -> Vec<usize> {
        let visits = self.of("inspections");
        let timed = |row: &usize| {
            let times = visits.instant(*row, "checked_from").zip(visits.instant(*row, "checked_to"));
            visits.text(*row, "form") == Some("onsite") && times.is_some_and(|(from, to)| from < to)
        };
        self.of_year("inspections", unit, "checked_on").into_iter().filter(timed).collect()
    }

    /// Visits of the year that led to no case and look at nothing again.
    pub fn free_visits(&self, unit: &Unit) -> Vec<usize> {
        let visits = self.of("inspections");
        let cases = self.of("cases");
        let free = |row: &usize| {
            let id = visits.word(*row, "inspection_id");
            visits.text(*row, "case_id").is_none()
                && visits.text(*row, "recheck_of").is_none()
                && cases.find("inspection_id", &id).is_empty()
        };
        self.visits(unit).into_iter().filter(free).collect()
    }

    /// Days that a case may take by law: with its extension and the days on which the limit stood still.
    pub fn limit_of(&self, case: usize) -> i32 {
        let cases = self.of("cases");
        let filed = cases.day(case, "filed_on").unwrap_or(0);
        let emergency = cases.text(case, "domain") == Some("emergency") && filed < EMERGENCY_CHANGES;
        let extension = cases.number(case, "extension_days").unwrap_or(0) as i32;
        let stops = self.of("case_suspensions");
        let stood: i32 = stops
            .find("case_id", &cases.word(case, "case_id"))
            .into_iter()
            .map(|row| {
                let (from, to) = (stops.day(row, "from_date"), stops.day(row, "to_date"));
                from.zip(to).map_or(30, |(from, to)| to - from + 1)
            })
            .sum();
        if emergency { EMERGENCY_LIMIT + extension + stood } else { DECISION_LIMIT + extension + stood }
    }

    /// So large a share of the rows, at least one, by draw; in their order.
    pub fn pick(rows: &[usize], share: f64, stream: &mut Stream) -> Vec<usize> {
        let count = ((rows.len() as f64 * share).round() as usize).clamp(1, rows.len().max(1));
        let mut left = rows.to_vec();
        let mut chosen: Vec<usize> = (0..count.min(left.len())).map(|_| left.swap_remove(stream.below(left.len()))).collect();
        chosen.sort_unstable();
        chosen
    }

    /// The ids of rows.
    pub fn ids(&self, table: &str, rows: &[usize]) -> Vec<String> {
        let known = self.of(table);
        rows.iter().map(|row| known.word(*row, &known.key[0])).collect()
    }

    /// A working day of the unit's year near the day, not after the last.
    pub fn working(&self, day: i32) -> i32 {
        self.world.days.worked_before(day.min(self.last))
    }

    // Cases.

    /// The day of a step, from the case, its stages or its papers.
    pub fn day_of(&self, case: usize, step: Step) -> Option<i32> {
        let id = self.of("cases").word(case, "case_id");
        let paper = || {
            let papers = self.of("case_documents");
            let row = papers.find("case_id", &id).into_iter().find(|row| papers.text(*row, "doc_kind") == step.papers().first().copied());
            row.and_then(|row| papers.day(row, "dated_on"))
        };
        let stage = || {
            let stages = self.of("case_stages");
            let row = stages.find("case_id", &id).into_iter().find(|row| stages.text(*row, "stage") == Some(step.stage()));
            row.and_then(|row| stages.day(row, "staged_on"))
        };
        self.of("cases").day(case, step.column()).or_else(stage).or_else(paper)
    }

    /// Gives a step another day, wherever it stands; none takes away what bears it.
    pub fn set_day_of(&mut self, case: usize, step: Step, day: Option<i32>) {
        let (id, before, last) = (self.of("cases").word(case, "case_id"), self.day_of(case, step), self.last);
        let day = day.filter(|day| *day <= last);
        let Some(before) = before.filter(|before| Some(*before) != day) else { return };
        let moved = day.map(|day| day - before);
        if !step.column().is_empty() && self.of("cases").day(case, step.column()).is_some() {
            self.edit("cases").set_day(case, step.column(), day);
        }
        for row in self.of("case_stages").find("case_id", &id) {
            if self.of("case_stages").text(row, "stage") == Some(step.stage()) {
                self.shift_or_remove("case_stages", row, &["staged_on", "started_at", "finished_at"], moved);
            }
        }
        for row in self.of("case_documents").find("case_id", &id) {
            let kind = self.of("case_documents").word(row, "doc_kind");
            if step.papers().contains(&kind.as_str()) {
                // When the decision is served is a step of its own.
                let columns: &[&str] = if step == Step::Decision {
                    &["dated_on", "signed_at", "archived_at"]
                } else {
                    &["dated_on", "served_at", "signed_at", "archived_at", "notice_published_on"]
                };
                self.shift_or_remove("case_documents", row, columns, moved);
            } else if step == Step::Delivery && kind.ends_with("decision") {
                match moved {
                    Some(moved) => self.edit("case_documents").shift(row, &["served_at"], moved, last),
                    None => self.edit("case_documents").clear(row, &["served_at"]),
                }
            }
        }
        match step {
            Step::Filed => self.carry_filing(case, &id, before, day),
            Step::Decision => self.carry_decision(case, &id, before, day),
            Step::Closed if day.is_none() => self.reopen(case),
            Step::Delivery if day.is_none() => self.edit("cases").clear(case, &["performed_on"]),
            _ => {}
        }
        self.touch_case(case);
    }

    fn shift_or_remove(&mut self, table: &str, row: usize, columns: &[&str], moved: Option<i32>) {
        let last = self.last;
        match moved {
            Some(moved) => self.edit(table).shift(row, columns, moved, last),
            None => self.edit(table).remove(row),
        }
    }

    /// A case that is not over yet.
    fn reopen(&mut self, case: usize) {
        self.edit("cases").clear(case, &["paid_amount", "performed_on"]);
        self.edit("cases").set_text(case, "status", "执行中");
    }

    fn carry_filing(&mut self, case: usize, id: &str, before: i32, day: Option<i32>) {
        let Some(day) = day else { return };
        if self.of("cases").day(case, "opened_on") == Some(before) {
            self.edit("cases").set_day(case, "opened_on", day);
        }
        if let Some(lead) = self.of("leads").find_one("lead_id", &format!("XS{id}")) {
            let last = self.last;
            self.edit("leads").shift(lead, &["decision_at"], day - before, last);
        }
    }

    fn carry_decision(&mut self, case: usize, id: &str, before: i32, day: Option<i32>) {
        let Some(day) = day else { return };
        let last = self.last;
        if year_of(day) != year_of(before)
            && let Some(number) = self.of("cases").text(case, "decision_no").map(str::to_owned)
        {
            self.set_number(case, &number.replace(&format!("〔{}〕", year_of(before)), &format!("〔{}〕", year_of(day))));
        }
        for row in self.of("disclosures").find("case_id", id) {
            self.edit("disclosures").set_day(row, "acted_on", day);
            if self.of("disclosures").instant(row, "published_at").is_some_and(|at| shanghai_day(at) < day) {
                self.edit("disclosures").shift(row, &["published_at"], day - before, last);
            }
            self.edit("disclosures").touch(row, Days::evening(day));
        }
        for row in self.platform_of(id) {
            let platform = self.edit("platform_records");
            platform.set_day(row, "event_date", day);
            if platform.day(row, "decided_on").is_some() {
                platform.set_day(row, "decided_on", day);
            }
            self.arrive_not_before(row, day);
        }
    }

    /// What the platform has of the record.
    pub fn platform_of(&self, id: &str) -> Vec<usize> {
        ["PT", "PTB"].iter().filter_map(|mark| self.of("platform_records").find_one("platform_id", &format!("{mark}{id}"))).collect()
    }

    /// The platform's record arrives on the day at the earliest; one that is still on its way is not there.
    pub fn arrive_not_before(&mut self, row: usize, day: i32) {
        let Some(at) = self.of("platform_records").instant(row, "arrived_at") else { return };
        if shanghai_day(at) >= day {
            return;
        }
        if day > self.last {
            self.edit("platform_records").remove(row);
            return;
        }
        let at = start_of_day(day) + 22 * HOUR;
        let platform = self.edit("platform_records");
        platform.set_instant(row, "arrived_at", at);
        platform.set_text(row, "source_batch", &format!("PT{day}"));
        if platform.instant(row, "submitted_at").is_some() {
            platform.set_instant(row, "submitted_at", Days::evening(day));
        }
        platform.set_instant(row, "updated_at", at);
    }

    /// The case's row is as new as the newest step in it.
    pub fn touch_case(&mut self, case: usize) {
        let steps = ["filed_on", "decided_on", "delivered_on", "closed_on"];
        let newest = steps.iter().filter_map(|column| self.of("cases").day(case, column)).max();
        if let Some(newest) = newest.filter(|newest| *newest <= self.last) {
            self.edit("cases").touch(case, start_of_day(newest) + 20 * HOUR);
        }
    }

    /// Moves steps by so many days, and with the decision what follows it elsewhere; what then lies behind the last day is not known yet.
    pub fn shift_steps(&mut self, case: usize, steps: &[Step], days: i32) {
        for step in steps {
            if let Some(day) = self.day_of(case, *step) {
                self.set_day_of(case, *step, Some(day + days));
            }
        }
        if steps.contains(&Step::Decision) && days > 0 {
            self.shift_what_follows(case, days);
        }
    }

    fn shift_what_follows(&mut self, case: usize, days: i32) {
        let (id, last) = (self.of("cases").word(case, "case_id"), self.last);
        for (table, columns) in AFTER_THE_DECISION {
            for row in self.of(table).find("case_id", &id) {
                let was_decided = self.of(table).day(row, "decided_on").is_some();
                self.edit(table).shift(row, columns, days, last);
                if self.of(table).day(row, columns[0]).is_none() {
                    self.edit(table).remove(row);
                } else if was_decided && self.of(table).day(row, "decided_on").is_none() {
                    self.edit(table).set_text(row, "outcome", "pending");
                    self.edit(table).set_truth(row, "corrected", false);
                    self.edit(table).clear(row, &["faults", "agency_changed_on", "hearing_on"]);
                }
                if self.of(table).instant(row, "updated_at").is_none() {
                    self.edit(table).set_instant(row, "updated_at", end_of_day(last) - 4 * HOUR);
                }
            }
        }
    }

    /// Gives the decision another number, wherever it stands.
    pub fn set_number(&mut self, case: usize, number: &str) {
        let (id, before) = (self.of("cases").word(case, "case_id"), self.of("cases").word(case, "decision_no"));
        self.edit("cases").set_text(case, "decision_no", number);
        for table in ["case_documents", "disclosures"] {
            let column = if table == "case_documents" { "doc_no" } else { "decision_no" };
            for row in self.of(table).find("case_id", &id) {
                if self.of(table).text(row, column) == Some(&before) {
                    self.edit(table).set_text(row, column, number);
                }
            }
        }
        for row in self.platform_of(&id) {
            for column in ["decision_no", "key_text"] {
                if self.of("platform_records").text(row, column) == Some(&before) {
                    self.edit("platform_records").set_text(row, column, number);
                }
            }
        }
    }

    /// Decisions of the year that have a number.
    pub fn numbered(&self, unit: &Unit) -> Vec<usize> {
        let mut rows = self.of_year("cases", unit, "decided_on");
        rows.retain(|row| self.of("cases").text(*row, "decision_no").is_some());
        rows
    }

    /// Whoever decides month by month numbers month by month: the unit's numbers of the year, in the order of its decisions.
    pub fn number_in_order(&mut self, unit: &Unit) {
        let mut rows = self.numbered(unit);
        rows.sort_by_key(|row| (self.of("cases").day(*row, "decided_on"), *row));
        let mut numbers: Vec<String> = rows.iter().map(|row| self.of("cases").word(*row, "decision_no")).collect();
        numbers.sort();
        rows.into_iter().zip(numbers).for_each(|(row, number)| self.set_number(row, &number));
    }

    /// Gives the case another fine, in hundredths; none makes a warning of it.
    pub fn set_fine(&mut self, case: usize, fine: Option<i64>) {
        let id = self.of("cases").word(case, "case_id");
        let cases = self.edit("cases");
        cases.set_amount(case, "fine_amount", fine);
        if cases.number(case, "paid_amount").is_some() {
            cases.set_amount(case, "paid_amount", fine);
        }
        let mut kinds = cases.list(case, "penalty_kinds");
        kinds.retain(|kind| kind != "fine" && (fine.is_none() || kind != "warning"));
        kinds.insert(0, if fine.is_some() { "fine" } else { "warning" }.to_owned());
        cases.set_list(case, "penalty_kinds", &kinds);
        for row in self.platform_of(&id) {
            self.edit("platform_records").set_amount(row, "fine_amount", fine);
        }
    }

    /// The party is let off: a decision not to penalise, and nothing that a penalty needs.
    pub fn let_off(&mut self, case: usize) {
        let id = self.of("cases").word(case, "case_id");
        let cases = self.edit("cases");
        cases.clear(
            case,
            &["fine_amount", "paid_amount", "confiscated_amount", "penalty_kinds", "performed_on", "benchmark_min", "benchmark_max"],
        );
        cases.set_text(case, "outcome", "no_penalty");
        cases.set_truth(case, "no_penalty", true);
        cases.set_text(case, "no_penalty_ground", "minor");
        cases.set_truth(case, "consequences_minor", true);
        for row in self.of("case_documents").find("case_id", &id) {
            match self.of("case_documents").word(row, "doc_kind").as_str() {
                "decision" => self.edit("case_documents").set_text(row, "doc_kind", "no_penalty_decision"),
                "prior_notice" | "hearing_right_notice" => self.edit("case_documents").remove(row),
                _ => {}
            }
        }
        for row in self.of("case_stages").find("case_id", &id) {
            if matches!(self.of("case_stages").text(row, "stage"), Some("notice" | "performance")) {
                self.edit("case_stages").remove(row);
            }
        }
        for row in self.of("disclosures").find("case_id", &id) {
            self.edit("disclosures").remove(row);
        }
        for row in self.platform_of(&id) {
            self.edit("platform_records").clear(row, &["fine_amount"]);
            self.edit("platform_records").set_text(row, "outcome", "no_penalty");
        }
    }

    /// Takes the case away with everything that hangs on it.
    pub fn remove_case(&mut self, case: usize) {
        let id = self.of("cases").word(case, "case_id");
        for row in self.platform_of(&id) {
            self.edit("platform_records").remove(row);
        }
        for row in self.of("coercive_measures").find("case_id", &id) {
            let measure = self.of("coercive_measures").word(row, "measure_id");
            self.remove_rows("body_cam_recordings", "measure_id", &measure);
        }
        for (table, column) in POINTS_TO_A_CASE {
            for row in self.of(table).find(column, &id) {
                self.edit(table).clear(row, &[column]);
            }
        }
        OF_A_CASE.iter().for_each(|table| self.remove_rows(table, "case_id", &id));
        for table in ["ratings", "spot_checks"] {
            let column = if table == "ratings" { "ref_id" } else { "subject_id" };
            self.remove_rows(table, column, &id);
        }
        let lead = self.of("leads").find_one("lead_id", &format!("XS{id}"));
        if let Some(lead) = lead.filter(|lead| self.of("leads").text(*lead, "decision") == Some("file")) {
            let leads = self.edit("leads");
            leads.set_text(lead, "decision", "not_file");
            leads.set_text(lead, "reason", "违法事实不成立或情节轻微");
        }
        if let Some(visit) = self.of("inspections").find_one("inspection_id", &format!("JC{id}"))
            && self.of("inspections").text(visit, "result") == Some("case")
        {
            self.edit("inspections").set_text(visit, "result", "problem");
        }
        self.edit("cases").remove(case);
    }

    /// Takes a lead out, unless a complaint or a meter names it.
    pub fn remove_lead(&mut self, lead: &str) {
        let is_named = |(table, column): (&str, &str)| !self.of(table).find(column, lead).is_empty();
        if [("complaints", "filed_lead_id"), ("monitoring_data_refs", "lead_id")].into_iter().any(is_named) {
            return;
        }
        for table in ["lead_transfers", "jurisdiction_disputes", "leads"] {
            self.remove_rows(table, "lead_id", lead);
        }
    }

    pub fn remove_rows(&mut self, table: &str, column: &str, value: &str) {
        for row in self.of(table).find(column, value) {
            self.edit(table).remove(row);
        }
    }

    /// A new case of the simple procedure, decided on the spot and told to the platform, in the likeness of another of its unit.
    pub fn add_simple_case(&mut self, like: usize, unit: &Unit, day: i32, fine: i64, firm: Option<&Firm>, stream: &mut Stream) -> String {
        let file = self.file_of(day);
        let id = self.new_case_id(unit, day);
        let number = self.number_like(like, &id, day);
        let found = self.world.days.office_hour(day, stream);
        let (closed, delay, last) = (self.world.days.plus_working(day, stream.between(0, 4)), stream.between(0, 2), self.last);
        let entered = start_of_day(self.world.days.working(day + delay).min(last).max(day))
            + 18 * HOUR
            + i64::from(stream.between(0, 90)) * 60_000_000;
        let paid = stream.chance(0.9);
        let row = self.edit("cases").copy(like, file);
        let cases = self.edit("cases");
        cases.clear(
            row,
            &[
                "lead_id",
                "inspection_id",
                "accident_id",
                "filed_on",
                "investigated_on",
                "transferred_at",
                "confiscated_amount",
                "paid_amount",
                "benchmark_min",
                "benchmark_max",
                "aggravation",
                "hearing_requested",
                "hearing_held_on",
                "legal_review_on",
                "legal_review_passed",
                "collective_discussion_on",
                "collective_voters",
                "complex",
                "offsite_device_id",
                "offsite_reviewed_at",
                "offsite_review_passed",
                "reviewer_ids",
                "extension_days",
                "performed_on",
                "status",
                "remarks",
                "source_batch",
                "no_penalty_ground",
                "consequences_minor",
                "criminal_suspected",
                "damage",
                "closing_result",
            ],
        );
        for flag in ["hearing_required", "legal_review_required", "collective_required", "major"] {
            cases.set_truth(row, flag, false);
        }
        cases.set_text(row, "case_id", &id);
        cases.set_text(row, "decision_no", &number);
        cases.set_text(row, "case_source", "巡查发现");
        cases.set_text(row, "procedure", "simple");
        cases.set_instant(row, "found_at", found);
        for column in ["opened_on", "decided_on", "delivered_on"] {
            cases.set_day(row, column, day);
        }
        cases.set_day(row, "closed_on", Some(closed).filter(|closed| *closed <= last));
        cases.set_text(row, "outcome", "penalty");
        cases.set_truth(row, "no_penalty", false);
        cases.set_list(row, "penalty_kinds", &["fine".to_owned()]);
        cases.set_amount(row, "fine_amount", fine);
        cases.set_amount(row, "paid_amount", Some(fine).filter(|_| paid && closed <= last));
        if closed > last {
            cases.set_text(row, "status", "执行中");
        }
        if let Some(firm) = firm {
            cases.set_text(row, "party_kind", if firm.individual { "individual_business" } else { "org" });
            cases.clear(row, &["party_code"]);
            cases.set_text(row, "credit_code", &firm.code);
            cases.set_text(row, "party_name_masked", &firm.name);
            cases.set_truth(row, "is_out_of_area", false);
        }
        cases.set_instant(row, "created_at", entered);
        cases.set_instant(row, "updated_at", entered.max(start_of_day(closed.min(last)) + 20 * HOUR));
        self.add_paper(row, unit, &number, day, entered);
        self.add_platform_case(row, unit, day, entered);
        id
    }

    /// A number that no case of the unit and month has yet.
    fn new_case_id(&self, unit: &Unit, day: i32) -> String {
        let month = date_from_epoch_days(day).map_or(Month { year: 1970, month: 1 }, Month::of);
        let id = |number: usize| format!("{}{:02}{:02}{number:05}", unit.id, month.year % 100, month.month);
        let free = (60_000..99_999).map(id).find(|id| self.of("cases").find("case_id", id).is_empty());
        free.expect("nobody has forty thousand cases in a month")
    }

    /// The number of a new decision, written as the unit writes its others.
    fn number_like(&self, like: usize, id: &str, day: i32) -> String {
        let known = self.of("cases").word(like, "decision_no");
        let head = known.split('〔').next().filter(|head| !head.is_empty()).unwrap_or("罚").to_owned();
        format!("{head}〔{}〕{}号", year_of(day), &id[id.len() - 7..])
    }

    fn add_paper(&mut self, case: usize, unit: &Unit, number: &str, day: i32, entered: i64) {
        let (id, file) = (self.of("cases").word(case, "case_id"), self.file_of(day));
        let domain = self.of("cases").word(case, "domain");
        let papers = self.edit("case_documents");
        let row = papers.add(file);
        papers.set_text(row, "document_id", &format!("WS{id}0"));
        papers.set_text(row, "case_id", &id);
        papers.set_text(row, "unit_id", &unit.id);
        papers.set_text(row, "domain", &domain);
        papers.set_text(row, "doc_kind", "simple_decision");
        papers.set_text(row, "doc_no", number);
        papers.set_day(row, "dated_on", day);
        papers.set_instant(row, "served_at", start_of_day(day) + 15 * HOUR);
        papers.set_text(row, "service_method", "direct");
        papers.set_instant(row, "archived_at", Days::evening(day));
        papers.set_truth(row, "elements_ok", true);
        papers.set_instant(row, "updated_at", entered.max(Days::evening(day)));
    }

    fn add_platform_case(&mut self, case: usize, unit: &Unit, day: i32, entered: i64) {
        let arrived = shanghai_day(entered).max(day);
        if unit.silent || arrived > self.last {
            return;
        }
        let file = self.file_of(day);
        let cases = self.of("cases");
        let (id, number, domain) = (cases.word(case, "case_id"), cases.word(case, "decision_no"), cases.word(case, "domain"));
        let party = cases.text(case, "credit_code").or(cases.text(case, "party_code")).unwrap_or("不详").to_owned();
        let fine = cases.number(case, "fine_amount");
        let at = start_of_day(arrived) + 22 * HOUR;
        let platform = self.edit("platform_records");
        let row = platform.add(file);
        platform.set_text(row, "platform_id", &format!("PT{id}"));
        for (column, text) in [
            ("source_table", "cases"),
            ("key_text", number.as_str()),
            ("decision_no", number.as_str()),
            ("unit_id", unit.id.as_str()),
            ("domain", domain.as_str()),
            ("party_code", party.as_str()),
            ("outcome", "penalty"),
            ("status", "已入库"),
        ] {
            platform.set_text(row, column, text);
        }
        platform.set_day(row, "event_date", day);
        platform.set_day(row, "decided_on", day);
        platform.set_amount(row, "fine_amount", fine);
        platform.set_instant(row, "arrived_at", at);
        platform.set_text(row, "source_batch", &format!("PT{arrived}"));
        platform.set_instant(row, "updated_at", at);
    }

    // Visits.

    /// Takes the visit away with everything that hangs on it.
    pub fn remove_visit(&mut self, visit: usize) {
        let id = self.of("inspections").word(visit, "inspection_id");
        for row in self.of("inspections").find("recheck_of", &id) {
            self.remove_visit(row);
        }
        for row in self.platform_of(&id) {
            self.edit("platform_records").remove(row);
        }
        for (table, column) in [
            ("body_cam_recordings", "inspection_id"),
            ("body_cam_recordings", "file_no"),
            ("hazards", "inspection_id"),
            ("conflicts", "inspection_id"),
            ("evidence_files", "inspection_id"),
            ("disclosures", "inspection_id"),
            ("ratings", "ref_id"),
            ("spot_checks", "subject_id"),
        ] {
            let value = if column == "file_no" { format!("SP{id}") } else { id.clone() };
            self.remove_rows(table, column, &value);
        }
        for (table, column) in [("cases", "inspection_id"), ("hotline_orders", "linked_inspection_id")] {
            for row in self.of(table).find(column, &id) {
                self.edit(table).clear(row, &[column]);
            }
        }
        self.edit("inspections").remove(visit);
    }

    /// What a visit found is forgotten: dangers, later looks.
    pub fn forget_what_followed(&mut self, visit: usize) {
        let id = self.of("inspections").word(visit, "inspection_id");
        self.edit("inspections").clear(visit, &["rectify_due", "rectified_at", "first_recheck_on", "first_recheck_passed"]);
        self.remove_rows("hazards", "inspection_id", &id);
        for row in self.of("inspections").find("recheck_of", &id) {
            self.remove_visit(row);
        }
    }

    /// The visit was to this firm.
    pub fn visit_firm(&mut self, visit: usize, firm: &Firm) {
        let id = self.of("inspections").word(visit, "inspection_id");
        let visits = self.edit("inspections");
        visits.set_text(visit, "credit_code", &firm.code);
        visits.set_text(visit, "object_name", &firm.name);
        visits.set_text(visit, "party_kind", if firm.individual { "individual_business" } else { "org" });
        if visits.text(visit, "party_code").is_some() {
            visits.set_text(visit, "party_code", &firm.code);
        }
        for row in self.platform_of(&id) {
            self.edit("platform_records").set_text(row, "party_code", &firm.code);
        }
        for row in self.of("hazards").find("inspection_id", &id) {
            self.edit("hazards").set_text(row, "credit_code", &firm.code);
        }
    }

    /// A new visit like another, with its copy on the platform; nothing was filmed and nothing followed.
    pub fn add_visit_like(&mut self, visit: usize, mark: &str, from: i64, length: i64) -> usize {
        let visits = self.of("inspections");
        let (like, before) = (visits.word(visit, "inspection_id"), visits.instant(visit, "checked_from").unwrap_or(from));
        let id = (0..1_000).map(|nth| format!("{like}{mark}{nth}")).find(|id| visits.find("inspection_id", id).is_empty());
        let id = id.expect("nobody copies a visit a thousand times");
        let (day, moved, last) = (shanghai_day(from), from - before, self.last);
        let file = self.file_of(day);
        let visits = self.edit("inspections");
        let row = visits.copy(visit, file);
        visits.clear(
            row,
            &[
                "case_id",
                "plan_id",
                "rectify_due",
                "rectified_at",
                "first_recheck_on",
                "first_recheck_passed",
                "merged_visit_id",
                "joint_units",
            ],
        );
        if matches!(visits.text(row, "kind"), Some("random_single" | "random_joint")) {
            visits.set_text(row, "kind", "special");
        }
        visits.set_text(row, "inspection_id", &id);
        if visits.text(row, "filed_no").is_some() {
            visits.set_text(row, "filed_no", &format!("BA{id}"));
        }
        visits.set_text(row, "result", "no_problem");
        visits.set_whole(row, "problems", 0);
        visits.set_day(row, "checked_on", day);
        visits.set_instant(row, "checked_from", from);
        visits.set_instant(row, "checked_to", from + length);
        for column in ["filed_at", "scanned_at", "published_at", "created_at", "updated_at"] {
            let at = visits.instant(row, column).map(|at| (at + moved).min(end_of_day(last) - HOUR));
            visits.set_instant(row, column, at);
        }
        // Nobody enters a visit before it.
        if let Some(created) = visits.instant(row, "created_at") {
            let created = created.max(Days::evening(day));
            visits.set_instant(row, "created_at", created);
            visits.touch(row, created);
        }
        if let Some(platform) = self.platform_of(&like).first().copied() {
            let platform_file = self.file_of(day);
            let table = self.edit("platform_records");
            let copy = table.copy(platform, platform_file);
            table.set_text(copy, "platform_id", &format!("PT{id}"));
            table.set_text(copy, "key_text", &id);
            table.set_day(copy, "event_date", day);
            let days = ((moved as f64) / DAY_MICROSECONDS as f64).round() as i32;
            table.shift(copy, &["arrived_at", "submitted_at", "updated_at"], days, last);
            if table.instant(copy, "arrived_at").is_none() {
                table.remove(copy);
            }
        }
        row
    }

    /// A firm of the panel says what happened to it: a visit more on the day, or one less.
    pub fn report_visit(&mut self, code: &str, day: i32, happened: bool) {
        let Some(date) = date_from_epoch_days(day) else { return };
        let quarter = format!("{}Q{}", date.year(), (date.month() - 1) / 3 + 1);
        for row in self.of("enterprise_burden_samples").find("credit_code", code) {
            let answers = self.edit("enterprise_burden_samples");
            let Some(visits) = answers.number(row, "visits_reported").filter(|_| answers.text(row, "quarter") == Some(&quarter)) else {
                continue;
            };
            let mut dates = answers.list(row, "visit_dates");
            let known = dates.iter().position(|known| *known == date.to_string());
            match (happened, known) {
                (true, _) => dates.push(date.to_string()),
                (false, Some(place)) => _ = dates.remove(place),
                // It had forgotten the visit anyway.
                (false, None) => continue,
            }
            answers.set_whole(row, "visits_reported", if happened { visits + 1 } else { visits - 1 });
            answers.set_list(row, "visit_dates", &dates);
        }
    }

    /// The visit was filmed as another was.
    pub fn film_like(&mut self, like: usize, visit: usize) {
        let visits = self.of("inspections");
        let [like, new] = [like, visit].map(|row| (visits.word(row, "inspection_id"), visits.instant(row, "checked_from").unwrap_or(0)));
        let seconds = visits.instant(visit, "checked_to").map_or(60, |to| (to - new.1) / 1_000_000);
        let (officer, last) = (visits.list(visit, "officers").first().cloned(), end_of_day(self.last));
        let Some(film) = self.of("body_cam_recordings").find_one("file_no", &format!("SP{}", like.0)) else { return };
        let file = self.file_of(shanghai_day(new.1));
        let films = self.edit("body_cam_recordings");
        let copy = films.copy(film, file);
        films.set_text(copy, "file_no", &format!("SP{}", new.0));
        if films.text(copy, "inspection_id").is_some() {
            films.set_text(copy, "inspection_id", &new.0);
        }
        if let Some(officer) = officer {
            films.set_text(copy, "officer_id", &officer);
        }
        for column in ["shot_at", "imported_at", "linked_at", "updated_at"] {
            let at = films.instant(copy, column).map(|at| (at + new.1 - like.1).min(last - HOUR));
            films.set_instant(copy, column, at);
        }
        films.set_day(copy, "shot_on", films.instant(copy, "shot_at").map_or(shanghai_day(new.1), shanghai_day));
        films.set_whole(copy, "duration_s", seconds.max(60));
    }

    /// The last day that a cell of the row names, whatever the column.
    pub fn newest_day(&self, table: &str, row: usize) -> Option<i32> {
        let days = self.of(table).cells(row).filter_map(|(name, cell)| match cell {
            Cell::Day(day) if !name.contains("due") => Some(*day),
            _ => None,
        });
        days.max()
    }
}
