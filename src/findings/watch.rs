//! The monthly watch: a control chart of each unit's months in each indicator.
//!
//! In: flow measures of the months watched (up to `watch.months`, as the records stand today), the scheme's targets. Out: [`ControlChart`]. Never
//! here: comparison with others (that is what detectors do), a score, a finding: a signal says that something changed, for better or worse.
//!
//! Shares of cases are charted as P′, other ratios and values as XmR ([`crate::statistics::control_chart`]). Whose acts: as the scheme says for the
//! unit's tier. A month counts once it is over; one without cases is no point. Year-to-date, rolling and stock figures are not charted: their months share
//! records, and what shares records runs in lines by itself. Limits come from all points: moving them takes a documented change of the process,
//! which is a known effect ([`super::effects`]).

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::prelude::ToPrimitive;

use super::effects::{Effects, WATCH};
use crate::compute::measures::{Amount, Measure, Measures, Scope};
use crate::compute::units::Unit;
use crate::library::indicator::{Better, Indicator, ShownAs};
use crate::library::scheme::{Scheme, Scored};
use crate::statistics::control_chart::{Assurance, Rule, Side, Signal, individuals, shares};
use crate::terms::{Fraction, Month};

/// Which chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChartKind {
    /// P′: shares of changing size.
    Shares,
    /// XmR: individual values and moving ranges.
    Individuals,
}

impl ChartKind {
    /// The word in result tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Shares => "p_prime",
            Self::Individuals => "xmr",
        }
    }
}

/// One month of a chart, in the indicator's own unit (a share is 0 to 1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChartPoint {
    /// Month.
    pub month: Month,
    /// Value.
    pub value: f64,
    /// Cases behind it; answers, for a value.
    pub n: f64,
    /// Lower limit; of a share not below 0.
    pub low: f64,
    /// Upper limit; of a share not above 1.
    pub high: f64,
}

/// One unit's months in one indicator. Sort key: indicator, unit, domain.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlChart {
    /// Indicator.
    pub indicator: String,
    /// Unit.
    pub unit: String,
    /// Domain of the acts.
    pub domain: String,
    /// Which chart.
    pub kind: ChartKind,
    /// Centre line.
    pub centre: f64,
    /// First month.
    pub first: Month,
    /// How many months.
    pub months: usize,
    /// The newest month.
    pub newest: ChartPoint,
    /// How far it lies from the centre, in thirds of the way to its limit (σ); where a share's limit lies beyond 0 or 1, of the way there.
    pub deviation: f64,
    /// What the rules see in the newest month: the news.
    pub news: Vec<(Rule, Side)>,
    /// How often they saw something in earlier months.
    pub earlier_signals: usize,
    /// Every month, oldest first, with whether a rule was complete in it; kept only where there is news, for a province has charts by the hundred thousand.
    pub points: Vec<(ChartPoint, bool)>,
    /// Months left out for a known effect.
    pub left_out: usize,
    /// Whether the target lies where the months usually are; none without a target or a good direction.
    pub assurance: Option<Assurance>,
    /// Whether the news is bad; none without news, or where neither way is good.
    pub is_worse: Option<bool>,
}

/// What charts are made by.
#[derive(Debug, Clone)]
pub struct Watch<'a> {
    /// Targets, and whose acts count for whom.
    pub scheme: &'a Scheme,
    /// Unit → tier, region.
    pub units: BTreeMap<&'a str, (&'a str, &'a str)>,
    /// The last day looked at: later months are not over.
    pub as_of: Date,
    /// Months that are known to be unlike the others.
    pub effects: &'a Effects,
}

/// One month of a series.
#[derive(Clone, Copy)]
struct Counted {
    month: Month,
    upper: i128,
    lower: i128,
}

impl Counted {
    fn value(&self) -> f64 {
        self.upper as f64 / self.lower as f64
    }

    /// (successes, trials), where both are whole.
    fn counts(&self) -> Option<(u64, u64)> {
        let whole = |amount: i128| (amount % Fraction::SCALE == 0).then(|| u64::try_from(amount / Fraction::SCALE).ok()).flatten();
        whole(self.upper).zip(whole(self.lower))
    }
}

impl<'a> Watch<'a> {
    /// The watch of these units.
    pub fn over(scheme: &'a Scheme, units: &'a [Unit], as_of: Date, effects: &'a Effects) -> Self {
        let units = units.iter().map(|unit| (unit.id.0.as_str(), (unit.tier.as_str(), unit.region.as_str()))).collect();
        Self { scheme, units, as_of, effects }
    }

    /// The newest month that is over.
    pub fn newest(&self) -> Month {
        let month = Month::of(self.as_of);
        if month.last_day() <= self.as_of { month } else { month.plus(-1) }
    }

    /// The charts of one indicator of the scheme, from its measures by month; sorted as they are.
    pub fn charts(&self, indicator: &Indicator, measures: &Measures) -> Vec<ControlChart> {
        let Some(scored) = self.scheme.indicators.iter().find(|scored| scored.id == indicator.id) else { return Vec::new() };
        let mut series: BTreeMap<(&str, &str), Vec<Counted>> = BTreeMap::new();
        for measure in measures.iter().filter(|measure| self.counts(measure)) {
            let counted = match measure.amount {
                Amount::Ratio(Fraction { numerator, denominator }) => {
                    Counted { month: measure.month, upper: numerator, lower: denominator }
                }
                Amount::Value { value: Some(value), n } if n > 0 => Counted { month: measure.month, upper: value, lower: Fraction::SCALE },
                Amount::Value { .. } => continue,
            };
            if counted.lower > 0 {
                series.entry((measure.subject, measure.domain)).or_default().push(counted);
            }
        }
        series.into_iter().filter_map(|((unit, domain), months)| self.chart(indicator, scored, unit, domain, &months)).collect()
    }

    /// Whether the measure is of a month that is over, and of the acts that the unit answers for.
    fn counts(&self, measure: &Measure<'_>) -> bool {
        let Some((tier, _)) = self.units.get(measure.subject) else { return false };
        let scope = if self.scheme.subtree_tiers.contains(*tier) { Scope::Subtree } else { Scope::Own };
        measure.scope == scope && measure.month <= self.newest()
    }

    fn chart(&self, indicator: &Indicator, scored: &Scored, unit: &str, domain: &str, months: &[Counted]) -> Option<ControlChart> {
        let region = self.units.get(unit).map_or("", |(_, region)| *region);
        let is_known = |counted: &&Counted| self.effects.touches_month(WATCH, unit, region, domain, counted.month);
        let left_out = months.iter().filter(is_known).count();
        let months: Vec<&Counted> = months.iter().filter(|counted| !is_known(counted)).collect();
        let counts: Option<Vec<(u64, u64)>> = months.iter().map(|counted| counted.counts()).collect();
        let counts =
            counts.filter(|counts| indicator.shown_as == ShownAs::Percent && counts.iter().all(|(successes, trials)| successes <= trials));
        let (kind, chart) = match &counts {
            // Where a share has too few cases for a chart of shares, it has too few for one that knows nothing of their number.
            Some(counts) => (ChartKind::Shares, shares(counts)?),
            None => (ChartKind::Individuals, individuals(&months.iter().map(|counted| counted.value()).collect::<Vec<_>>())?),
        };
        let signals = chart.signals();
        let last = months.len() - 1;
        // What was complete in an older month is no news, though nothing came since.
        let is_news = |at: usize| at == last && months[last].month == self.newest();
        // A run that goes on was news when it was complete: after one step a unit would be news for years.
        let is_old = |new: &Signal| {
            matches!(new.rule, Rule::OneSide | Rule::Trend)
                && signals.iter().any(|old| old.at + 1 == new.at && (old.rule, old.side) == (new.rule, new.side))
        };
        let news: Vec<(Rule, Side)> =
            signals.iter().filter(|signal| is_news(signal.at) && !is_old(signal)).map(|signal| (signal.rule, signal.side)).collect();
        let better = scored.better.unwrap_or(indicator.better);
        let target = scored.target.and_then(|target| target.to_f64());
        let assurance = target.filter(|_| better != Better::Band).and_then(|target| chart.assurance(target, better == Better::Higher));
        let is_worse = news.first().and_then(|(_, side)| match better {
            Better::Higher => Some(*side == Side::Low),
            Better::Lower => Some(*side == Side::High),
            Better::Band => None,
        });
        // No share lies beyond 0 and 1, though the rules look at limits that do.
        let shown = |limit: f64| if kind == ChartKind::Shares { limit.clamp(0.0, 1.0) } else { limit };
        let point = |at: usize| ChartPoint {
            month: months[at].month,
            value: chart.points[at].value,
            n: months[at].lower as f64 / Fraction::SCALE as f64,
            low: shown(chart.points[at].low),
            high: shown(chart.points[at].high),
        };
        let marked = |at: usize| (point(at), signals.iter().any(|signal| signal.at == at));
        Some(ControlChart {
            indicator: indicator.id.0.clone(),
            unit: unit.to_owned(),
            domain: domain.to_owned(),
            kind,
            centre: chart.centre,
            first: months[0].month,
            months: months.len(),
            newest: point(last),
            deviation: chart.deviation(last),
            earlier_signals: signals.iter().filter(|signal| !is_news(signal.at)).count(),
            points: if news.is_empty() { Vec::new() } else { (0..=last).map(marked).collect() },
            news,
            left_out,
            assurance,
            is_worse,
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::effects::Effect;
    use super::*;
    use crate::diagnostics::Diagnostics;
    use crate::library::Library;
    use crate::library::scheme::read_scheme;
    use crate::terms::{IndicatorId, UnitId};

    const RATE: &str = "market.filing_within_7d";

    fn unit(id: &str, tier: &str) -> Unit {
        Unit {
            id: UnitId(id.to_owned()),
            name: id.to_owned(),
            tier: tier.to_owned(),
            domains: vec!["market".to_owned()],
            region: "330102".to_owned(),
            parent: None,
            size_class: String::new(),
            predecessors: Vec::new(),
        }
    }

    /// The months up to June 2026 of what `unit` did; successes of 100.
    fn months(unit: &str, scope: Scope, successes: &[i64]) -> Vec<(String, Scope, Month, Fraction)> {
        let first = Month { year: 2026, month: 6 }.plus(1 - successes.len() as i32);
        let fraction =
            |successes: &i64| Fraction { numerator: i128::from(*successes) * Fraction::SCALE, denominator: 100 * Fraction::SCALE };
        successes.iter().enumerate().map(|(at, of)| (unit.to_owned(), scope, first.plus(at as i32), fraction(of))).collect()
    }

    fn charts_on(as_of: Date, rows: &[(String, Scope, Month, Fraction)], effects: &Effects) -> Vec<ControlChart> {
        let (library, _) = Library::read(None).expect("the shipped library reads");
        let mut measures: Measures = rows
            .iter()
            .map(|(subject, scope, month, fraction)| {
                let (amount, domain) = (Amount::Ratio(*fraction), "market");
                Measure {
                    indicator: RATE,
                    subject,
                    domain,
                    month: *month,
                    scope: *scope,
                    amount,
                    pending: 0,
                    due_soon: 0,
                    excluded: 0,
                    held: false,
                }
            })
            .collect();
        measures.sort();
        let units = [unit("C1", "county"), unit("S1", "city")];
        let (file, text) = library.scheme_text("2026").expect("a scheme is shipped");
        let scheme = read_scheme("2026", &file, text, &library.indicators, &mut Diagnostics::default()).expect("it reads");
        Watch::over(&scheme, &units, as_of, effects).charts(&library.indicators[&IndicatorId::from(RATE)], &measures)
    }

    fn charts(rows: &[(String, Scope, Month, Fraction)]) -> Vec<ControlChart> {
        charts_on(date(2026, 6, 30), rows, &Effects::default())
    }

    const CALM: [i64; 13] = [80, 82, 81, 79, 80, 82, 78, 80, 81, 83, 79, 80, 81];

    fn with_last(last: i64) -> Vec<i64> {
        let mut months = CALM.to_vec();
        months[12] = last;
        months
    }

    #[test]
    fn a_month_far_below_all_others_is_news_and_worse_where_higher_is_better() {
        let found = charts(&months("C1", Scope::Own, &with_last(50)));
        assert_eq!((found[0].kind, found[0].months, found[0].is_worse), (ChartKind::Shares, 13, Some(true)));
        assert!(found[0].news.contains(&(Rule::Outside, Side::Low)) && found[0].points.len() == 13 && found[0].deviation > 3.0);
        let calm = charts(&months("C1", Scope::Own, &CALM));
        assert_eq!((calm[0].news.len(), calm[0].points.len(), calm[0].is_worse), (0, 0, None));
    }

    #[test]
    fn a_month_that_is_not_over_and_eleven_months_are_no_chart() {
        let rows = months("C1", Scope::Own, &with_last(50));
        let found = charts_on(date(2026, 6, 29), &rows, &Effects::default());
        assert_eq!((found[0].newest.month, found[0].news.len()), (Month { year: 2026, month: 5 }, 0));
        assert!(charts_on(date(2026, 4, 30), &rows, &Effects::default()).is_empty(), "eleven months are over");
    }

    #[test]
    fn whoever_answers_for_those_below_is_charted_with_them_and_others_alone() {
        let all = |unit: &str| [months(unit, Scope::Own, &CALM), months(unit, Scope::Subtree, &with_last(50))].concat();
        let found = charts(&[all("C1"), all("S1")].concat());
        let news: Vec<(&str, usize)> = found.iter().map(|chart| (chart.unit.as_str(), chart.news.len().min(1))).collect();
        assert_eq!(news, [("C1", 0), ("S1", 1)]);
    }

    #[test]
    fn a_month_of_a_known_effect_is_no_point() {
        let effect = Effect {
            id: "1".to_owned(),
            kind: "campaign".to_owned(),
            unit: None,
            region: Some("330100".to_owned()),
            domain: None,
            days: (date(2026, 6, 10), date(2026, 6, 12)),
            detectors: Vec::new(),
            document: "文".to_owned(),
        };
        let found = charts_on(date(2026, 6, 30), &months("C1", Scope::Own, &with_last(50)), &Effects { list: vec![effect] });
        assert_eq!((found[0].months, found[0].left_out, found[0].news.len()), (12, 1, 0));
    }

    #[test]
    fn a_run_on_one_side_is_news_in_its_seventh_month_and_not_in_the_eighth() {
        let after_a_step = |months_after: usize| {
            let mut all: Vec<i64> = (0..12).map(|month| [70, 80, 72][month % 3]).collect();
            all.extend((0..months_after).map(|month| [82, 84][month % 2]));
            all
        };
        let news = |successes: &[i64]| charts(&months("C1", Scope::Own, successes))[0].news.clone();
        assert_eq!(news(&after_a_step(6)), []);
        assert_eq!(news(&after_a_step(7)), [(Rule::OneSide, Side::High)]);
        assert_eq!(news(&after_a_step(8)), []);
    }

    #[test]
    fn a_signal_of_an_older_month_is_no_news_though_nothing_came_since() {
        let mut rows = months("C1", Scope::Own, &with_last(50));
        rows.iter_mut().for_each(|row| row.2 = row.2.plus(-2));
        let found = charts(&rows);
        assert_eq!((found[0].news.len(), found[0].earlier_signals), (0, 1));
    }
}
