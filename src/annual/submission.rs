//! A file of matters and decisions, as it is written.
//!
//! In: TOML. Out: a [`Submission`], each part with its place in the text. Never here: whether what it names is there ([`super::taking`]).

use std::collections::BTreeSet;
use std::ops::Range;

use super::hearing::{Change, Decision, Document, KINDS, Matter, MatterKind, RULINGS, Ruling};
use crate::diagnostics::Diagnostics;
use crate::document::{Placed, Section, read_document};

/// A matter or decision as it is written, with the place of the document that it names.
pub struct Submitted<T> {
    pub what: T,
    pub document: Option<Placed<String>>,
    /// Records that it names.
    pub records: Vec<Naming>,
    pub span: Range<usize>,
}

/// Records that are named, to be looked up.
#[derive(Debug, Clone)]
pub struct Naming {
    pub domain: Option<String>,
    pub indicator: Option<String>,
    pub leave_out: Vec<Placed<String>>,
    pub as_met: Vec<Placed<String>>,
    pub span: Range<usize>,
}

#[derive(Default)]
pub struct Submission {
    pub matters: Vec<Submitted<Matter>>,
    pub decisions: Vec<Deciding>,
}

/// A decision, and what it decides.
pub struct Deciding {
    pub matter: Placed<i64>,
    pub unit: Placed<String>,
    pub revises: bool,
    pub submitted: Submitted<Decision>,
}

/// An exclusion that names its records and is granted without another word: these are left out.
pub fn asked_for(matter: &Matter, submitted: &Submitted<Decision>) -> Option<Naming> {
    let says_more = !submitted.what.changes.is_empty() || !submitted.records.is_empty();
    if says_more || submitted.what.ruling != Ruling::Granted || matter.kind != MatterKind::Exclusion || matter.records.is_empty() {
        return None;
    }
    let placed = |record: &String| Placed { value: record.clone(), span: submitted.span.clone() };
    Some(Naming {
        domain: None,
        indicator: matter.indicator.clone(),
        leave_out: matter.records.iter().map(placed).collect(),
        as_met: Vec::new(),
        span: submitted.span.clone(),
    })
}

/// Whether a decision that names records leaves some of those out that were asked for.
pub fn names_fewer(matter: &Matter, submitted: &Submitted<Decision>) -> bool {
    let named: BTreeSet<&str> = submitted
        .records
        .iter()
        .flat_map(|naming| naming.leave_out.iter().chain(&naming.as_met))
        .map(|record| record.value.as_str())
        .collect();
    !named.is_empty() && matter.records.iter().any(|record| !named.contains(record.as_str()))
}

/// Reads a file; what can't be read of it is among the diagnostics.
pub fn read(name: &str, text: &str, diagnostics: &mut Diagnostics) -> Submission {
    let submission = read_document(name, text, "a file of matters", 0, diagnostics, |section, diagnostics| {
        let matters = section.sections("matter", diagnostics, read_matter);
        let decisions = section.sections("decision", diagnostics, read_decision);
        Some(Submission { matters, decisions })
    });
    submission.unwrap_or_default()
}

fn read_matter(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<Submitted<Matter>> {
    let unit = section.required_text("unit", diagnostics);
    let kind = section.required_word("kind", &KINDS, diagnostics);
    let indicator = section.text("indicator", diagnostics);
    let says = section.required_text("says", diagnostics);
    let received_on = required_date(section, "received_on", diagnostics);
    let document = section.text("document", diagnostics);
    let records = section.texts("records", diagnostics);
    let kind = kind?;
    if document.is_none() && kind != MatterKind::Comment {
        let says = "an appeal or exclusion needs `document`, what it rests on";
        diagnostics
            .error("missing-key", section.file(), Some(section.span()), says)
            .hint("the path of a file, beside this one or absolute");
        return None;
    }
    let what = Matter {
        number: 0,
        unit: unit?.value,
        kind,
        indicator: indicator.map(|indicator| indicator.value),
        records: records.iter().map(|record| record.value.clone()).collect(),
        says: says?.value,
        received_on: received_on?,
        document: None,
        decisions: Vec::new(),
    };
    let named = Naming { domain: None, indicator: what.indicator.clone(), leave_out: records, as_met: Vec::new(), span: section.span() };
    let records = if named.leave_out.is_empty() { Vec::new() } else { vec![named] };
    Some(Submitted { what, document, records, span: section.span() })
}

fn read_decision(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<Deciding> {
    let matter = section.required_integer("matter", diagnostics);
    let unit = section.required_text("unit", diagnostics);
    let revises = section.boolean("revises", diagnostics).unwrap_or_default();
    let ruling = section.required_word("ruling", &RULINGS, diagnostics);
    let reason = section.required_text("reason", diagnostics);
    let approver = section.required_text("approver", diagnostics);
    let decided_on = required_date(section, "decided_on", diagnostics);
    let document = section.required_text("document", diagnostics);
    let (mut changes, mut records) = (Vec::new(), Vec::new());
    for correction in section.sections("correction", diagnostics, read_correction) {
        match correction {
            Correcting::Figure(change) => changes.push(change),
            Correcting::Records(named) => records.push(named),
        }
    }
    changes.extend(section.texts("void", diagnostics).into_iter().map(|event| Change::Void { event: event.value }));
    let blank = Document { file: String::new(), blake3: String::new() };
    let what = Decision {
        ruling: ruling?,
        reason: reason?.value,
        approver: approver?.value,
        decided_on: decided_on?,
        document: blank,
        changes,
        edition: 0,
        sequence: 0,
    };
    let submitted = Submitted { what, document: Some(document?), records, span: section.span() };
    Some(Deciding { matter: matter?, unit: unit?, revises, submitted })
}

/// A correction as it is written.
enum Correcting {
    Figure(Change),
    Records(Naming),
}

fn read_correction(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<Correcting> {
    let domain = section.text("domain", diagnostics).map(|domain| domain.value);
    let figure = section.text("figure", diagnostics);
    let (leave_out, as_met) = (section.texts("leave_out", diagnostics), section.texts("as_met", diagnostics));
    let names_records = !leave_out.is_empty() || !as_met.is_empty();
    if names_records == figure.is_some() {
        diagnostics.error("figure-or-records", section.file(), Some(section.span()), "a correction has either `figure` or records").hint(
            "`figure = \"48/50\"`, or `leave_out = [\"…\"]` and `as_met = [\"…\"]` with keys of records as the unit's page shows them",
        );
        return None;
    }
    if let Some(figure) = figure {
        let indicator = section.required_text("indicator", diagnostics)?.value;
        return Some(Correcting::Figure(Change::Figure { domain, indicator, figure: figure.value }));
    }
    let indicator = section.text("indicator", diagnostics).map(|indicator| indicator.value);
    Some(Correcting::Records(Naming { domain, indicator, leave_out, as_met, span: section.span() }))
}

fn required_date(section: &mut Section<'_>, key: &'static str, diagnostics: &mut Diagnostics) -> Option<String> {
    let span = section.span();
    let before = diagnostics.errors();
    let date = section.date(key, diagnostics);
    if date.is_none() && diagnostics.errors() == before {
        diagnostics.error("missing-key", section.file(), Some(span), format!("it needs the key `{key}`, a date without quotation marks"));
    }
    date.map(|date| date.to_string())
}
