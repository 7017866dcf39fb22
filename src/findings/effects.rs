//! Known effects of the calendar: campaigns, migrations, outages, reforms, with the document that ordered or recorded each.
//!
//! In: the source table `known_effects` as known on the as-of date. Out: [`Effects`]: which rows and which months are not to be judged. Never here: effects
//! without a document; the batches that detectors recognise by themselves; facts, which stay facts whatever the season.
//!
//! An effect without a unit, region or domain holds for all of them; a region holds for everything below it. Rows are left out by the day on which
//! they happened (`happened_on` of a detector's SELECT), months of the watch when the effect touches them. What is left out is counted beside
//! each test: it is not a pass.

use std::collections::BTreeMap;

use datafusion::logical_expr::Expr;
use datafusion::prelude::{SessionContext, col, lit};
use datafusion::scalar::ScalarValue;
use jiff::civil::Date;

use super::judged;
use crate::error::{Context, Kind, Result};
use crate::terms::{Month, date_from_epoch_days, epoch_days};

/// What an effect names when it holds for the control charts alone.
pub const WATCH: &str = "watch";

/// One known effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// Its number.
    pub id: String,
    /// Kind, as a code of the contract.
    pub kind: String,
    /// Unit; none: every unit.
    pub unit: Option<String>,
    /// Division code; none: everywhere.
    pub region: Option<String>,
    /// Domain; none: all.
    pub domain: Option<String>,
    /// First and last day.
    pub days: (Date, Date),
    /// Names of detectors, or [`WATCH`]; empty: all of them.
    pub detectors: Vec<String>,
    /// The order or record.
    pub document: String,
}

impl Effect {
    fn holds_for(&self, detector: &str) -> bool {
        self.detectors.is_empty() || self.detectors.iter().any(|name| name == detector)
    }
}

/// All that are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effects {
    /// By number.
    pub list: Vec<Effect>,
}

impl Effects {
    /// Reads those with a document that were recorded by the as-of date.
    ///
    /// # Errors
    /// A source table that can't be read.
    pub async fn read(session: &SessionContext, as_of: Date) -> Result<Self> {
        let what = || "reading `known_effects`".to_owned();
        let sql = format!(
            "SELECT effect_id, coalesce(kind, 'other') AS kind, unit_id, region_code, domain, array_to_string(detectors, ',') AS detectors, document, \
             from_on, coalesce(until_on, from_on) AS until_on FROM known_effects \
             WHERE document IS NOT NULL AND coalesce(recorded_on, from_on) <= DATE '{as_of}' ORDER BY effect_id"
        );
        let mut list = Vec::new();
        for batch in &session.sql(&sql).await.context(Kind::Query, what)?.collect().await.context(Kind::Query, what)? {
            let texts = (0..7).map(|column| judged::text(batch, column)).collect::<Result<Vec<_>>>()?;
            let (first, last) = (judged::days(batch, 7)?, judged::days(batch, 8)?);
            let cell = |column: usize, row: usize| {
                let column = &texts[column];
                (!arrow::array::Array::is_null(column, row)).then(|| column.value(row).to_owned()).filter(|text| !text.is_empty())
            };
            for row in 0..batch.num_rows() {
                let Some(days) = date_from_epoch_days(first[row]).zip(date_from_epoch_days(last[row])) else { continue };
                list.push(Effect {
                    id: cell(0, row).unwrap_or_default(),
                    kind: cell(1, row).unwrap_or_default(),
                    unit: cell(2, row),
                    region: cell(3, row),
                    domain: cell(4, row),
                    days,
                    detectors: cell(5, row).map(|names| names.split(',').map(str::to_owned).collect()).unwrap_or_default(),
                    document: cell(6, row).unwrap_or_default(),
                });
            }
        }
        Ok(Self { list })
    }

    /// True of a detector's rows that fall into an effect; none where no effect holds for the detector. `regions` tells the division code of each
    /// unit: an effect of a region holds for the units below it.
    pub(super) fn condition(&self, detector: &str, day: &str, regions: &BTreeMap<String, String>) -> Option<Expr> {
        let date = |day: Date| lit(ScalarValue::Date32(Some(epoch_days(day))));
        let of = |effect: &Effect| {
            let mut all = col(day).between(date(effect.days.0), date(effect.days.1));
            if let Some(unit) = &effect.unit {
                all = all.and(col("unit_id").eq(lit(unit.as_str())));
            }
            if let Some(region) = &effect.region {
                let below = regions.iter().filter(|(_, of)| is_below(of, region)).map(|(unit, _)| lit(unit.as_str())).collect();
                all = all.and(col("unit_id").in_list(below, false));
            }
            if let Some(domain) = &effect.domain {
                all = all.and(col("domain").eq(lit(domain.as_str())));
            }
            all
        };
        let expressions = self.list.iter().filter(|effect| effect.holds_for(detector)).map(of);
        expressions.reduce(Expr::or)
    }

    /// Whether a month of a unit's domain is touched by an effect that holds for a detector, or for the [`WATCH`].
    pub(super) fn touches_month(&self, detector: &str, unit: &str, region: &str, domain: &str, month: Month) -> bool {
        self.list.iter().any(|effect| {
            effect.holds_for(detector)
                && effect.unit.as_deref().is_none_or(|of| of == unit)
                && effect.region.as_deref().is_none_or(|of| is_below(region, of))
                && effect.domain.as_deref().is_none_or(|of| of == domain)
                && effect.days.0 <= month.last_day()
                && month.first_day() <= effect.days.1
        })
    }
}

/// Whether a division code is that of a region or lies below it: `330000` holds all of `33…`, `330100` all of `3301…`.
fn is_below(region: &str, of: &str) -> bool {
    let mut prefix = of.trim_end();
    while prefix.len() > 2 && prefix.len().is_multiple_of(2) && prefix.ends_with("00") {
        prefix = &prefix[..prefix.len() - 2];
    }
    region.starts_with(prefix)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn effect(unit: Option<&str>, region: Option<&str>, domain: Option<&str>, detectors: &[&str]) -> Effects {
        let text = |text: Option<&str>| text.map(str::to_owned);
        let effect = Effect {
            id: "1".to_owned(),
            kind: "campaign".to_owned(),
            unit: text(unit),
            region: text(region),
            domain: text(domain),
            days: (date(2026, 3, 20), date(2026, 4, 10)),
            detectors: detectors.iter().map(|name| (*name).to_owned()).collect(),
            document: "专项〔2026〕1号".to_owned(),
        };
        Effects { list: vec![effect] }
    }

    #[test]
    fn a_month_is_touched_by_an_effect_of_its_days_place_and_domain() {
        let month = |month| Month { year: 2026, month };
        let touched = |effects: &Effects, of| effects.touches_month(WATCH, "U1", "330102", "market", month(of));
        let all = effect(None, None, None, &[]);
        assert_eq!([2, 3, 4, 5].map(|of| touched(&all, of)), [false, true, true, false]);
        assert!(touched(&effect(Some("U1"), None, Some("market"), &[WATCH]), 3));
        assert!(!touched(&effect(Some("U2"), None, None, &[]), 3));
        assert!(!touched(&effect(None, None, Some("eco"), &[]), 3));
        assert!(!touched(&effect(None, None, None, &["zero_finding"]), 3));
        assert!(touched(&effect(None, Some("330100"), None, &[]), 3) && touched(&effect(None, Some("330000"), None, &[]), 3));
        assert!(!touched(&effect(None, Some("330200"), None, &[]), 3));
    }

    #[test]
    fn a_code_of_a_county_holds_its_townships_and_no_other_county() {
        assert!(is_below("330102001000", "330102") && is_below("330102", "330102") && is_below("330102001000", "330102001000"));
        assert!(!is_below("330103001000", "330102") && !is_below("330102", "330102001000"));
    }
}
