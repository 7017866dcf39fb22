//! The methodology page: how every number comes about, and whether the scheme does what its weights say.
//!
//! In: the scheme's sentences and curves, the audit. Out: sections, the table of curves, the audit's table and remarks. Never here: sentences,
//! units.

use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use super::Facts;
use crate::report::input::{MethodSection, SchemeIndicator};
use crate::report::names::Text;
use crate::report::numbers;
use crate::report::texts;
use crate::scoring::audit::IndicatorAudit;

/// Everything on the page.
#[derive(Debug, Clone)]
pub struct MethodView {
    /// Sections of sentences.
    pub sections: Vec<SectionView>,
    /// Indicators with their curves.
    pub curves: Vec<CurveView>,
    /// What the scheme does; empty outside the office's tree.
    pub audit: Vec<AuditView>,
    /// Siblings that say the same or the opposite.
    pub pairs: Vec<Text>,
}

/// A heading and its sentences.
#[derive(Debug, Clone)]
pub struct SectionView {
    /// Heading.
    pub title: Text,
    /// Sentences.
    pub rows: Vec<Text>,
}

/// One scored indicator.
#[derive(Debug, Clone)]
pub struct CurveView {
    /// Title.
    pub title: Text,
    /// Where it stands.
    pub node: Text,
    /// Points.
    pub points: String,
    /// Target.
    pub target: String,
    /// Points of the curve.
    pub curve: String,
}

/// One indicator of the audit.
#[derive(Debug, Clone)]
pub struct AuditView {
    /// Title.
    pub title: Text,
    /// Share of the total that it has on paper.
    pub nominal: String,
    /// Share of the differences that it makes.
    pub effective: String,
    /// Objects with a score, of those to which it applies.
    pub available: String,
    /// Standard deviation of its scores.
    pub deviation: String,
    /// Share of full scores.
    pub full: String,
    /// Ranks that move without it.
    pub shift: String,
    /// What should be looked at.
    pub notes: Vec<&'static str>,
}

/// The page; the audit only for the office.
pub fn method(facts: &Facts, with_audit: bool) -> MethodView {
    let input = facts.input;
    let section = |section: &MethodSection| SectionView {
        title: Text::of(&section.title),
        rows: section.sentences.iter().map(|sentence| Text::of(sentence)).collect(),
    };
    let audit = &input.audit;
    MethodView {
        sections: input.scheme.method.iter().map(section).collect(),
        curves: input
            .scheme
            .indicators
            .iter()
            .filter(|indicator| !indicator.report_only)
            .map(|indicator| curve(facts, indicator))
            .collect(),
        audit: if with_audit { audit.indicators.iter().map(|row| audited(facts, row)).collect() } else { Vec::new() },
        pairs: if with_audit {
            let told = audit.correlations.iter().filter(|pair| pair.is_suspicious());
            told.map(|pair| {
                let correlation = numbers::fixed(decimal(pair.correlation), 2);
                let (first, second) = (title(facts, &pair.first), title(facts, &pair.second));
                Text::of(&texts::correlated(first.as_str(), second.as_str(), &correlation, pair.correlation > 0.0))
            })
            .collect()
        } else {
            Vec::new()
        },
    }
}

fn decimal(figure: f64) -> Decimal {
    Decimal::from_f64(figure).unwrap_or_default()
}

fn share(share: f64) -> String {
    texts::percent(&numbers::fixed(decimal(share * 100.0), 1))
}

fn title(facts: &Facts, id: &str) -> Text {
    let header = facts.input.indicators.iter().find(|(known, _)| known.0 == id);
    Text::of(header.map_or(id, |(_, header)| header.title.as_str()))
}

fn curve(facts: &Facts, indicator: &SchemeIndicator) -> CurveView {
    let plain = |amount: &Decimal| amount.normalize().to_string();
    let point = |(value, score): &(Decimal, Decimal)| texts::point_of_curve(&plain(value), &plain(score));
    CurveView {
        title: title(facts, &indicator.id.0),
        node: facts.node(&indicator.node).map_or_else(Text::default, |node| Text::of(&node.title)),
        points: numbers::points(indicator.points),
        target: indicator.target.as_ref().map_or_else(|| texts::NONE.to_owned(), plain),
        curve: indicator.curve.iter().map(point).collect::<Vec<_>>().join(texts::BETWEEN_POINTS),
    }
}

fn audited(facts: &Facts, row: &IndicatorAudit) -> AuditView {
    let places = |shift: f64| numbers::fixed(decimal(shift), 1);
    AuditView {
        title: title(facts, &row.indicator),
        nominal: share(row.nominal_weight),
        effective: row.effective_weight.map_or_else(|| texts::NONE.to_owned(), share),
        available: texts::part_of(row.scored, row.applies_to),
        deviation: numbers::fixed(decimal(row.deviation), 1),
        full: share(row.at_full),
        shift: texts::shifts(&places(row.mean_shift), row.largest_shift),
        notes: texts::notes_of_audit(row),
    }
}
