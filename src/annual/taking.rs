//! What a file says, held against what was frozen.
//!
//! In: matters and decisions as they are written; the frozen run. Out: diagnostics with line and column; the documents; the records that a decision names, as changes. Never here: what
//! a change does to a figure ([`super::corrected`]), writing.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::evidence::{self, Named};
use super::files;
use super::frozen::Frozen;
use super::hearing::{Change, Decision, Document, Matter, MatterKind, Ruling};
use super::submission::{Naming, Submitted, names_fewer};
use crate::diagnostics::Diagnostics;
use crate::document::Placed;
use crate::error::Result;
use crate::explain::rows::HIDDEN;
use crate::library::scheme::composites::composite;
use crate::nightly::correcting::read_figure;
use crate::scoring::tables::{Scorecards, Value};
use crate::terms::IndicatorId;

/// What a file is checked against.
pub struct Taking<'a> {
    pub known: &'a Frozen,
    /// As it was published.
    pub before: &'a Scorecards,
    /// Where evidence lies.
    pub frozen: &'a Path,
    pub file: &'a str,
    pub folder: &'a Path,
    pub today: &'a str,
}

impl Taking<'_> {
    /// The document at its place, and what is kept of it.
    pub fn document(&self, named: Option<&Placed<String>>, folder: &str, diagnostics: &mut Diagnostics) -> Option<(PathBuf, Document)> {
        let named = named?;
        let place = self.folder.join(&named.value);
        let file = place.file_name().map(|name| name.to_string_lossy().into_owned());
        match (file, place.is_file().then(|| files::digest(&place).ok()).flatten()) {
            (Some(file), Some(blake3)) => Some((place, Document { file: format!("{folder}/{file}"), blake3 })),
            _ => {
                diagnostics
                    .error("no-document", self.file, Some(named.span.clone()), format!("there is no file {}", place.display()))
                    .hint("the path is taken from the folder of this file");
                None
            }
        }
    }

    pub fn check_matter(&self, submitted: &Submitted<Matter>, diagnostics: &mut Diagnostics) {
        let (matter, at) = (&submitted.what, Some(submitted.span.clone()));
        self.check_unit(&matter.unit, at.clone(), diagnostics);
        self.check_text("says", &matter.says, at.clone(), diagnostics);
        self.check_not_later("received_on", &matter.received_on, at.clone(), diagnostics);
        if let Some(indicator) = &matter.indicator {
            self.check_indicator(indicator, at, diagnostics);
        }
    }

    /// A figure of the only scorecard is one of that scorecard: two matters that give it speak of the same.
    pub fn settle_domains(&self, matter: &Matter, changes: &mut [Change]) {
        for change in changes {
            let Change::Figure { domain, indicator, .. } = change else { continue };
            let of = |value: &&Value| value.unit.as_ref() == matter.unit && value.indicator.as_ref() == indicator.as_str();
            let domains: BTreeSet<&str> = self.before.values.iter().filter(of).map(|value| value.domain.as_str()).collect();
            if let (None, [only]) = (&domain, domains.into_iter().collect::<Vec<_>>().as_slice()) {
                *domain = Some((*only).to_owned());
            }
        }
    }

    fn check_text(&self, key: &str, text: &str, at: Option<Range<usize>>, diagnostics: &mut Diagnostics) {
        if text.chars().filter(|c| c.is_alphanumeric()).count() < 2 {
            diagnostics.error("says-nothing", self.file, at, format!("`{key}` says nothing")).hint("it is kept for whoever asks in years");
        }
    }

    fn check_not_later(&self, key: &str, date: &str, at: Option<Range<usize>>, diagnostics: &mut Diagnostics) {
        if date > self.today {
            diagnostics.error("not-yet", self.file, at, format!("`{key}` is {date}, and today is {}", self.today)).hint("look at the year");
        }
    }

    fn check_unit(&self, unit: &str, at: Option<Range<usize>>, diagnostics: &mut Diagnostics) {
        let units = || self.known.left.units.iter().map(|unit| unit.id.as_ref());
        if units().all(|known| known != unit) {
            let says = format!("there is no unit `{unit}` in this release");
            diagnostics.error("unknown-unit", self.file, at, says).hint_nearest(unit, units());
        }
    }

    fn check_indicator(&self, indicator: &str, at: Option<Range<usize>>, diagnostics: &mut Diagnostics) {
        let ids = || self.known.scheme.indicators.iter().map(|scored| scored.id.as_ref());
        if ids().all(|known| known != indicator) {
            let says = format!("the scheme has no indicator `{indicator}`");
            diagnostics.error("unknown-indicator", self.file, at, says).hint_nearest(indicator, ids());
        }
    }

    pub fn check_decision(&self, matter: &Matter, revises: bool, submitted: &Submitted<Decision>, diagnostics: &mut Diagnostics) {
        let (decision, at) = (&submitted.what, Some(submitted.span.clone()));
        self.check_text("reason", &decision.reason, at.clone(), diagnostics);
        self.check_text("approver", &decision.approver, at.clone(), diagnostics);
        self.check_not_later("decided_on", &decision.decided_on, at.clone(), diagnostics);
        let mut wrong = |code: &'static str, says: String, hint: &str| {
            diagnostics.error(code, self.file, at.clone(), says).hint(hint);
        };
        let number = matter.number;
        let changes = !decision.changes.is_empty();
        let is_same = |earlier: &&Decision| {
            (earlier.ruling, &earlier.reason, &earlier.changes) == (decision.ruling, &decision.reason, &decision.changes)
        };
        if revises && matter.decision().filter(is_same).is_some() {
            wrong(
                "decided-so",
                format!("the matter {number} is decided so already"),
                "a file is taken once; write what is new into another",
            );
        }
        match matter.decision() {
            Some(earlier) if !revises => {
                let says = format!("the matter {number} was decided on {}", earlier.decided_on);
                wrong("decided-already", says, "`revises = true` puts this decision in the place of that one; both are kept");
            }
            None if revises => wrong("nothing-to-revise", format!("the matter {number} has no decision to revise"), "leave `revises` out"),
            _ => {}
        }
        if decision.decided_on < matter.received_on {
            let says = format!("the matter {number} came on {}, and is said to be decided on {}", matter.received_on, decision.decided_on);
            wrong("decided-before", says, "look at both dates");
        }
        let other = decision.changes.iter().find_map(|change| match (change, &matter.indicator) {
            (Change::Figure { indicator, .. } | Change::Records { indicator: Some(indicator), .. }, Some(asked)) if indicator != asked => {
                Some((indicator, asked))
            }
            _ => None,
        });
        if let Some((indicator, asked)) = other {
            let says = format!("the matter {number} is about `{asked}`, and the decision corrects `{indicator}`");
            wrong("other-indicator", says, "what is wrong besides is a matter of its own");
        }
        match (matter.kind, decision.ruling) {
            (_, Ruling::Withdrawn) if changes => {
                let says = format!("the matter {number} was withdrawn, and the decision changes something");
                wrong("withdrawn-changes", says, "take one of them away");
            }
            (_, Ruling::Withdrawn) => {}
            (MatterKind::Comment, Ruling::Answered) if !changes => {}
            (MatterKind::Comment, _) => {
                let says = format!("the matter {number} is a comment: it is `answered`, and changes nothing");
                wrong("comment-decided", says, "who wants a figure changed brings an appeal or an exclusion, with its document");
            }
            (_, Ruling::Answered) => {
                let says = format!("the matter {number} asks for a decision: `granted`, `partly`, `settled` or `refused`");
                wrong("not-decided", says, "only a comment is answered");
            }
            (_, Ruling::Settled) if changes => {
                let says = format!("what the matter {number} asks for is said to be in the data, and the decision changes something");
                wrong("settled-changes", says, "take one of them away");
            }
            (_, Ruling::Settled) => {}
            (_, Ruling::Refused) if changes => {
                wrong(
                    "refused-changes",
                    format!("the matter {number} is refused, and the decision changes something"),
                    "take one of them away",
                );
            }
            (_, Ruling::Granted) if names_fewer(matter, submitted) => {
                let says = format!("the matter {number} is granted, and not all the records that it names are in the decision");
                wrong("granted-partly", says, "the ruling is `partly`, or name them all");
            }
            (_, Ruling::Granted | Ruling::Partly) if !changes && submitted.records.is_empty() => {
                let says = format!("the matter {number} is granted, and nothing is changed");
                let hint = "[[decision.correction]] with `indicator` and `figure`, or with records to `leave_out`; or `void = [\"event\"]`";
                wrong("granted-nothing", says, hint);
            }
            _ => {}
        }
        for change in &decision.changes {
            self.check_change(matter, change, submitted.span.clone(), diagnostics);
        }
    }

    fn check_change(&self, matter: &Matter, change: &Change, at: Range<usize>, diagnostics: &mut Diagnostics) {
        match change {
            // Looked up in what was frozen.
            Change::Records { .. } => {}
            Change::Figure { indicator, figure, .. } => {
                if composite(indicator).is_some() {
                    let says = format!("`{indicator}` is a composite of a region, and several units carry it");
                    diagnostics
                        .error("composite", self.file, Some(at), says)
                        .hint("correct the records that it is made of, run, and release that run");
                    return;
                }
                self.check_indicator(indicator, Some(at.clone()), diagnostics);
                let is_known = self.known.library.indicators.contains_key(&IndicatorId::from(indicator.as_str()));
                if let Some(error) = read_figure(figure, &self.known.library, indicator).err().filter(|_| is_known) {
                    diagnostics
                        .error("figure", self.file, Some(at), error.message().to_owned())
                        .hint("`figure = \"48/50\"` of a ratio, `\"4.5\"` of a value");
                }
            }
            Change::Void { event } => {
                let own = self.known.left.events.iter().filter(|known| known.unit.as_ref() == matter.unit);
                let ids: Vec<&str> = own.map(|event| event.id.as_str()).collect();
                if !ids.contains(&event.as_str()) {
                    let says = format!("`{}` has no bonus, deduction or veto `{event}`", matter.unit);
                    diagnostics.error("unknown-event", self.file, Some(at), says).hint_nearest(event, ids);
                }
            }
        }
    }
}

/// What became of records that were named.
#[derive(Default)]
pub struct Found {
    pub change: Option<Change>,
    pub untouched: BTreeSet<String>,
    pub without_effect: BTreeSet<String>,
}

impl Taking<'_> {
    /// Looks up the records that a file names in what was frozen. Where nothing is decided yet, it is only asked whether they are there.
    ///
    /// # Errors
    /// Evidence that is damaged.
    pub fn named(&self, matter: &Matter, named: &Naming, decides: bool, diagnostics: &mut Diagnostics) -> Result<Found> {
        let indicator = named.indicator.as_ref().or(matter.indicator.as_ref());
        let before = diagnostics.errors();
        if let Some(indicator) = indicator {
            self.check_indicator(indicator, Some(named.span.clone()), diagnostics);
        } else if let Some(record) = named.as_met.first() {
            let says = "a record counts as met in an indicator, and none is named: in others it may be something else";
            diagnostics.error("met-where", self.file, Some(record.span.clone()), says).hint("`indicator = \"…\"`");
        }
        let asked: Vec<(&Placed<String>, bool)> =
            named.leave_out.iter().map(|record| (record, false)).chain(named.as_met.iter().map(|record| (record, true))).collect();
        let mut places: HashMap<&str, usize> = HashMap::new();
        for (place, (record, _)) in asked.iter().enumerate() {
            let at = Some(record.span.clone());
            if places.insert(&record.value, place).is_some() {
                diagnostics.error("named-twice", self.file, at, format!("the record `{}` is named twice", record.value));
            } else if record.value.is_empty() || record.value == HIDDEN {
                let says = "records whose keys are not shown can't be told apart";
                diagnostics.error("no-key", self.file, at, says).hint("[[decision.correction]] with `figure`");
            } else if decides && !matter.records.is_empty() && !matter.records.contains(&record.value) {
                let says = format!("the matter {} has not asked for the record `{}`", matter.number, record.value);
                diagnostics.error("not-asked", self.file, at, says).hint("what is wrong besides is a matter of its own");
            }
        }
        if diagnostics.errors() > before {
            return Ok(Found::default());
        }
        let is_asked = |value: &&Value| {
            value.unit.as_ref() == matter.unit
                && value.denominator.is_some()
                && named.domain.as_ref().is_none_or(|domain| value.domain == *domain)
                && indicator.is_none_or(|indicator| value.indicator.as_ref() == indicator)
        };
        let mut found = Found::default();
        let (mut records, mut raw, mut counted) = (BTreeSet::new(), vec![BTreeSet::new(); asked.len()], BTreeSet::new());
        let mut is_frozen = false;
        for value in self.before.values.iter().filter(is_asked) {
            let Some(header) = self.known.library.indicators.get(&value.indicator) else { continue };
            let counts = evidence::counting(self.known, value);
            let (mut stands, mut changes) = (false, BTreeSet::new());
            let adds_up = evidence::each(self.frozen, value.indicator.as_ref(), |entry| {
                let Some(place) = places.get(entry.record).or_else(|| places.get(entry.shown)).copied() else { return };
                if !counts(entry) {
                    return;
                }
                stands = true;
                let as_met = asked[place].1;
                raw[place].insert(entry.record.to_owned());
                if evidence::difference(entry, as_met, header.better) != (0, 0) {
                    changes.insert(place);
                }
                let (record, unit, domain) = (entry.record.to_owned(), entry.unit.to_owned(), entry.domain.to_owned());
                records.insert(Named { record, unit, domain, as_met });
            })?;
            is_frozen |= adds_up.is_some();
            match adds_up {
                Some(true) => counted.extend(changes),
                Some(false) if stands => {
                    found.untouched.insert(header.id.0.clone());
                }
                _ => {}
            }
        }
        let of = indicator.map_or_else(|| format!("`{}`", matter.unit), |indicator| format!("`{indicator}` of `{}`", matter.unit));
        if !is_frozen {
            let says = format!("nothing was frozen of the records behind {of}");
            diagnostics
                .error("nothing-frozen", self.file, Some(named.span.clone()), says)
                .hint("it is held, or has no keys, or an older kaohe made the draft: [[decision.correction]] with `figure`");
            return Ok(Found::default());
        }
        for (place, (record, as_met)) in asked.iter().enumerate() {
            let (key, at) = (&record.value, Some(record.span.clone()));
            if raw[place].is_empty() {
                let known = self.keys_near(key, &is_asked)?;
                diagnostics
                    .error("unknown-record", self.file, at, format!("no figure of {of} rests on a record `{key}`"))
                    .hint("keys stand in the lists of the unit's page, and in `kaohe explain UNIT INDICATOR --all`")
                    .hint_nearest(key, known.iter().map(String::as_str));
            } else if raw[place].len() > 1 {
                let keys: Vec<&str> = raw[place].iter().map(String::as_str).collect();
                let says = format!("`{key}` is what pages show of {}", keys.join(" and "));
                diagnostics.error("several-records", self.file, at, says).hint("name the key as the source has it");
            } else if let (true, Some(indicator), false) = (decides, indicator, found.untouched.is_empty()) {
                let says = format!("`{indicator}` is no count of records: what it is without `{key}` can't be told from the keys");
                diagnostics.error("no-count", self.file, at, says).hint("[[decision.correction]] with `figure`");
            } else if decides && *as_met && !counted.contains(&place) {
                diagnostics.error("met-already", self.file, at, format!("`{key}` counts as met in {of}, or can't: nothing changes"));
            } else if decides && !counted.contains(&place) {
                found.without_effect.insert(key.clone());
            }
        }
        if diagnostics.errors() == before && !records.is_empty() {
            found.change = Some(Change::Records { indicator: indicator.cloned(), records: records.into_iter().collect() });
        }
        Ok(found)
    }

    /// Keys of the unit's records that may have been meant: of as many as anybody would look through.
    fn keys_near(&self, key: &str, is_asked: &impl Fn(&&Value) -> bool) -> Result<BTreeSet<String>> {
        const ENOUGH: usize = 20_000;
        let mut known = BTreeSet::new();
        for value in self.before.values.iter().filter(|value| is_asked(value)) {
            let counts = evidence::counting(self.known, value);
            evidence::each(self.frozen, value.indicator.as_ref(), |entry| {
                let may_be = known.len() < ENOUGH && entry.shown.len().abs_diff(key.len()) <= 2;
                if may_be && counts(entry) {
                    known.insert(entry.shown.to_owned());
                }
            })?;
        }
        Ok(known)
    }
}
