//! A small province computed by hand, and what must hold for every province.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::date;
use rust_decimal::Decimal;

use super::tables::{LineKind, NextGrade, OtherRecords, Rank, Said, Scorecards, Status, Unit, Value, Way};
use super::*;
use crate::compute::measures::{Amount, Measure, NO_DOMAIN, Scope};
use crate::diagnostics::Diagnostics;
use crate::library::indicator::read_indicator;
use crate::library::scheme::read_scheme;
use crate::terms::{Fraction, Month, UnitId};

const SCHEME: &str = r#"
title = "示例"
year = 2026
[rounding]
decimals = 2
[scope]
city = "subtree"
[peer_group]
by = ["domain", "tier", "size_class"]
minimum_units = 2
[caps]
bonus = 5
deduction = 10
[regional.synergy]
attribution = "all_units_in_domain"
[regional.survey]
attribution = "lead_unit"
[[grade]]
name = "优秀"
from = 90
quota = 0.5
[[grade]]
name = "良好"
from = 80
[[grade]]
name = "不合格"
from = 0
[[veto]]
code = "fraud"
title = "弄虚作假"
cap_grade = "不合格"
basis = "a clause"
[[node]]
id = "base"
parent = "total"
title = "基础"
points = 60
[[node]]
id = "procedure"
parent = "base"
title = "程序"
points = 40
[[node]]
id = "library"
parent = "base"
title = "领域"
points = 20
alternatives = true
[[node]]
id = "library.market"
parent = "library"
title = "市场"
points = 20
domains = ["market"]
[[node]]
id = "library.eco"
parent = "library"
title = "生态"
points = 20
domains = ["eco"]
[[node]]
id = "dynamic"
parent = "total"
title = "动态"
points = 30
[[node]]
id = "innovation"
parent = "total"
title = "创新"
points = 10
[[indicator]]
id = "a.rate"
node = "procedure"
points = 30
curve = [[0, 0], [1, 100]]
[[indicator]]
id = "a.fault"
node = "procedure"
points = 10
curve = [[0, 100], [0.5, 0]]
[[indicator]]
id = "a.market"
node = "library.market"
points = 20
curve = [[0, 0], [1, 100]]
[[indicator]]
id = "eco.cross_region_synergy"
node = "library.eco"
points = 20
curve = [[0, 0], [1, 100]]
[[indicator]]
id = "a.stock"
node = "dynamic"
points = 15
curve = [[0, 0], [1, 100]]
[[indicator]]
id = "a.survey"
node = "dynamic"
points = 15
curve = [[1, 0], [5, 100]]
[[indicator]]
id = "a.shown"
node = "dynamic"
report_only = true
[[indicator]]
id = "a.new"
node = "innovation"
points = 10
curve = [[0, 0], [1, 100]]
dynamic = { regions = ["330100"], from = 2026-02-01, announced = 2026-01-20, event = "a notice" }
"#;

fn headers() -> BTreeMap<IndicatorId, Indicator> {
    let one = |id: &str, better: &str, domains: &str, more: &str| {
        let text = format!(
            "-- /// indicator\n-- title = \"{id}\"\n-- better = \"{better}\"\n-- shown_as = \"percent\"\n-- domains = [{domains}]\n\
             -- tiers = [\"city\", \"county\"]\n-- basis = \"a clause\"\n{more}-- ///\n-- In words.\nSELECT 1\n"
        );
        let read = read_indicator(id, "x.sql", &text, &mut Diagnostics::default()).expect("the header is right");
        (read.id.clone(), read)
    };
    let both = "\"market\", \"eco\"";
    BTreeMap::from([
        one("a.rate", "higher", both, ""),
        one("a.fault", "lower", both, ""),
        one("a.market", "higher", "\"market\"", ""),
        one("a.stock", "higher", both, "-- window = \"stock\"\n"),
        one("a.survey", "higher", both, "-- shape = \"region\"\n-- window = \"year_to_date\"\n"),
        one("a.shown", "higher", both, ""),
        one("a.new", "higher", both, ""),
    ])
}

pub(super) fn unit(id: &str, tier: &str, domain: &str, region: &str) -> Unit {
    Unit {
        id: UnitId::from(id),
        name: id.to_owned(),
        tier: tier.to_owned(),
        domains: vec![domain.to_owned()],
        region: region.to_owned(),
        parent: None,
        size_class: "small".to_owned(),
        predecessors: Vec::new(),
    }
}

pub(super) fn ratio(numerator: i64, denominator: i64) -> Amount {
    let scaled = |amount| i128::from(amount) * Fraction::SCALE;
    Amount::Ratio(Fraction { numerator: scaled(numerator), denominator: scaled(denominator) })
}

pub(super) fn measure(indicator: &'static str, subject: &'static str, month: i8, amount: Amount) -> Measure<'static> {
    Measure {
        indicator,
        subject,
        domain: "market",
        month: Month { year: 2026, month },
        scope: Scope::Own,
        amount,
        pending: 1,
        excluded: 0,
        due_soon: 0,
        held: false,
    }
}

pub(super) struct Province {
    pub(super) measures: Vec<Measure<'static>>,
    pub(super) units: Vec<Unit>,
    pub(super) regional: Vec<RegionalValue>,
    pub(super) held: BTreeSet<IndicatorId>,
    pub(super) events: Vec<Event>,
    pub(super) scheme: String,
    /// What is otherwise in the headers.
    pub(super) edit_headers: fn(&mut BTreeMap<IndicatorId, Indicator>),
}

impl Province {
    /// Two market units of one county, of which `m1` leads.
    pub(super) fn market() -> Self {
        let mut measures = Vec::new();
        for (unit, in_time) in [("m1", 180), ("m2", 120)] {
            measures.push(measure("a.rate", unit, 1, ratio(in_time / 2, 100)));
            measures.push(measure("a.rate", unit, 2, ratio(in_time - in_time / 2, 100)));
            measures.push(measure("a.fault", unit, 1, ratio(20, 200)));
            measures.push(measure("a.market", unit, 2, ratio(150, 200)));
            measures.push(measure("a.stock", unit, 1, ratio(1, 100)));
            measures.push(measure("a.stock", unit, 2, ratio(80, 100)));
            measures.push(measure("a.new", unit, 1, ratio(0, 50)));
            measures.push(measure("a.new", unit, 2, ratio(45, 50)));
        }
        let answers = Amount::Value { value: Some(4 * Fraction::SCALE), n: 200 };
        measures.push(measure("a.survey", "330102", 2, answers));
        Self {
            measures,
            units: vec![unit("m1", "county", "market", "330102"), unit("m2", "county", "market", "330102")],
            regional: Vec::new(),
            held: BTreeSet::new(),
            events: Vec::new(),
            scheme: SCHEME.to_owned(),
            edit_headers: |_| {},
        }
    }

    pub(super) fn score(&self) -> Scorecards {
        let mut indicators = headers();
        (self.edit_headers)(&mut indicators);
        let mut diagnostics = Diagnostics::default();
        let scheme = read_scheme("2026", "2026.toml", &self.scheme, &indicators, &mut diagnostics).expect("it was read");
        assert!(diagnostics.is_empty(), "{}", diagnostics.to_text());
        let input = ScoringInput {
            measures: &self.measures.iter().copied().collect(),
            units: &self.units,
            scheme: &scheme,
            indicators: &indicators,
            period: &"2026".parse().expect("a period"),
            as_of: date(2026, 2, 28),
            regional: &self.regional,
            held: &self.held,
            provisional: &BTreeSet::new(),
            events: &self.events,
        };
        score(&input).expect("it scores")
    }

    fn without(mut self, indicator: &str) -> Self {
        self.measures.retain(|measure| measure.indicator != indicator);
        self
    }
}

fn value<'a>(cards: &'a Scorecards, unit: &str, indicator: &str) -> &'a Value {
    cards.values.iter().find(|value| value.unit.0 == unit && value.indicator.0 == indicator).expect("the value has a row")
}

fn rank<'a>(cards: &'a Scorecards, unit: &str) -> &'a Rank {
    cards.ranks.iter().find(|rank| rank.unit.0 == unit).expect("the unit has a row")
}

fn text(amount: Option<Decimal>) -> String {
    amount.map_or_else(|| "-".to_owned(), |amount| amount.normalize().to_string())
}

#[test]
fn a_scorecard_is_the_one_computed_by_hand() {
    let cards = Province::market().score();
    // rate 180/200 → 90 × 30; fault 20/200 → 80 × 10; market 75 × 20; stock 80 × 15; survey 4 → 75 × 15; new 45/50 → 90 × 10.
    assert_eq!(text(rank(&cards, "m1").total), "82.25");
    assert_eq!(text(value(&cards, "m1", "a.rate").value), "0.9");
    assert_eq!(value(&cards, "m1", "a.rate").pending, 2);
    // Without the survey, which enters the lead's score alone, stock carries the whole class: 60 × 30 …, 80 × 30.
    assert_eq!(text(rank(&cards, "m2").total), "74");
    assert_eq!(value(&cards, "m2", "a.survey").status, Status::NotApplicable);
    assert_eq!(text(Some(value(&cards, "m2", "a.stock").effective_points)), "30");
    assert_eq!((rank(&cards, "m1").rank, rank(&cards, "m2").rank), (Some(1), Some(2)));
    assert_eq!(rank(&cards, "m1").peer_group, "market · county · small");
}

#[test]
fn deadlines_of_the_periods_later_months_are_pending_and_nothing_else() {
    let mut province = Province::market();
    let ahead = |month| Measure { excluded: 7, pending: 5, ..measure("a.rate", "m1", month, ratio(9, 9)) };
    province.measures.extend([ahead(3), ahead(12), Measure { pending: 9, ..measure("a.stock", "m1", 3, ratio(0, 9)) }]);
    let cards = province.score();
    let rate = value(&cards, "m1", "a.rate");
    assert_eq!((rate.pending, rate.excluded, text(rate.value)), (12, 0, "0.9".to_owned()));
    assert_eq!((value(&cards, "m1", "a.stock").pending, text(value(&cards, "m1", "a.stock").value)), (1, "0.8".to_owned()));
    province.measures.push(Measure { month: Month { year: 2027, month: 1 }, ..ahead(1) });
    assert_eq!(value(&province.score(), "m1", "a.rate").pending, 12, "what falls due after the period is not its matter");
}

#[test]
fn the_ledger_has_each_month_by_itself_and_of_months_ahead_what_is_pending() {
    let mut province = Province::market();
    province.measures.retain(|measure| measure.indicator != "a.rate");
    province.measures.extend([
        measure("a.rate", "m1", 1, ratio(1, 1)),
        measure("a.rate", "m1", 2, ratio(0, 3)),
        Measure { pending: 5, due_soon: 2, excluded: 7, ..measure("a.rate", "m1", 3, ratio(9, 9)) },
        Measure { month: Month { year: 2027, month: 1 }, ..measure("a.rate", "m1", 1, ratio(1, 1)) },
    ]);
    let cards = province.score();
    let of = |id: &str| {
        let rows = cards.ledger.iter().filter(|row| row.unit.0 == "m1" && row.indicator.0 == id);
        rows.map(|row| (row.month.month, text(row.value), row.pending, row.due_soon, row.excluded)).collect::<Vec<_>>()
    };
    assert_eq!(of("a.rate"), [(1, "1".to_owned(), 1, 0, 0), (2, "0".to_owned(), 1, 0, 0), (3, text(None), 5, 2, 0)]);
    assert_eq!(of("a.stock").last().map(|row| row.1.clone()), Some("0.8".to_owned()));
    let scored = |month: i8| {
        cards
            .ledger
            .iter()
            .find(|row| row.indicator.0 == "a.rate" && row.unit.0 == "m1" && row.month.month == month)
            .and_then(|row| row.score)
    };
    let whole = value(&cards, "m1", "a.rate");
    assert!(scored(2) < whole.score && whole.score < scored(1), "{:?} {:?} {:?}", scored(1), whole.score, scored(2));
    assert_eq!((whole.pending, whole.due_soon), (7, 2), "the period's value has them together");
}

#[test]
fn a_survey_of_so_few_that_who_answered_could_be_told_is_neither_shown_nor_scored() {
    let survey = |months: &[(i8, i64, i64)]| {
        let mut province = Province::market();
        province.measures.retain(|measure| measure.indicator != "a.survey");
        province.measures.extend(months.iter().map(|(month, score, n)| {
            measure("a.survey", "330102", *month, Amount::Value { value: Some(i128::from(*score) * Fraction::SCALE), n: *n })
        }));
        province.score()
    };
    let few = survey(&[(2, 1, 4)]);
    let hidden = value(&few, "m1", "a.survey");
    assert_eq!((hidden.status, hidden.value, hidden.denominator, hidden.score), (Status::Confidential, None, None, None));
    assert_eq!(text(Some(value(&few, "m1", "a.stock").effective_points)), "30", "its weight has moved, so no sum gives its score away");
    assert_eq!(rank(&few, "m1").total, rank(&survey(&[]), "m1").total);
    assert_eq!(value(&survey(&[(2, 1, 5)]), "m1", "a.survey").status, Status::Scored);
    let mut province = Province::market();
    province.edit_headers = |headers| headers.get_mut("a.survey").expect("a header").counts_answers = false;
    province.measures.retain(|measure| measure.indicator != "a.survey");
    province.measures.push(measure("a.survey", "330102", 2, Amount::Value { value: Some(Fraction::SCALE), n: 4 }));
    assert_eq!(value(&province.score(), "m1", "a.survey").status, Status::Scored, "four borders are nobody's answers");

    let shown = |cards: &Scorecards| {
        let rows = cards.ledger.iter().filter(|row| row.unit.0 == "m1" && row.indicator.0 == "a.survey");
        rows.filter(|row| row.value.is_some() || row.denominator.is_some()).map(|row| row.month.month).collect::<Vec<_>>()
    };
    assert_eq!(shown(&survey(&[(1, 4, 18), (2, 3, 23)])), [1, 2]);
    assert_eq!(shown(&survey(&[(1, 4, 18), (2, 3, 21)])), [2], "from both the three answers of February could be told");
    assert_eq!(shown(&survey(&[(1, 4, 18), (2, 4, 18)])), [1, 2], "nobody answered between");
}

/// The market province with a class for perception on top, on which the survey hangs.
fn with_perception(mode: &str) -> Province {
    let mut province = Province::market();
    let class = "[[node]]\nid = \"perception\"\nparent = \"total\"\ntitle = \"民意\"\npoints = 25\n\n[[indicator]]\nid = \"a.rate\"";
    province.scheme = province
        .scheme
        .replace("[peer_group]", &format!("[perception]\nmode = \"{mode}\"\n[peer_group]"))
        .replacen("[[indicator]]\nid = \"a.rate\"", class, 1)
        .replace("id = \"a.survey\"\nnode = \"dynamic\"\npoints = 15", "id = \"a.survey\"\nnode = \"perception\"\npoints = 25")
        .replace("id = \"a.stock\"\nnode = \"dynamic\"\npoints = 15", "id = \"a.stock\"\nnode = \"dynamic\"\npoints = 30");
    province
}

#[test]
fn perception_beside_the_total_is_scored_and_changes_nothing_in_it() {
    let cards = with_perception("separate").score();
    let node = |cards: &Scorecards, id: &str| {
        cards.scores.iter().find(|score| score.unit.0 == "m1" && score.node == id).cloned().expect("the node has a score")
    };
    assert_eq!((text(node(&cards, "perception").score), text(value(&cards, "m1", "a.survey").score)), ("75".into(), "75".into()));
    let classes: Decimal = ["base", "dynamic", "innovation"].iter().filter_map(|id| node(&cards, id).earned).sum();
    assert_eq!(rank(&cards, "m1").tree_total, Some(classes), "the total has the three classes and no more");
    let mut worse = with_perception("separate");
    worse.measures.iter_mut().filter(|measure| measure.indicator == "a.survey").for_each(|measure| {
        measure.amount = Amount::Value { value: Some(Fraction::SCALE), n: 200 };
    });
    assert_eq!(rank(&worse.score(), "m1"), rank(&cards, "m1"));
    let beside: Vec<_> = cards.score_lines.iter().filter(|line| line.unit.0 == "m1" && line.kind == LineKind::Beside).collect();
    assert_eq!(beside.len(), 2, "the class and its indicator");
    assert!(beside.iter().all(|line| !line.kind.adds_up()));
}

#[test]
fn renormalised_perception_shrinks_every_class_in_proportion_and_the_points_still_make_the_total() {
    let (cards, apart) = (with_perception("renormalised").score(), with_perception("separate").score());
    let node = |cards: &Scorecards, id: &str| {
        cards.scores.iter().find(|score| score.unit.0 == "m1" && score.node == id).cloned().expect("the node has a score")
    };
    // 60, 30, 10 and 25 of 125.
    let points = ["base", "dynamic", "innovation", "perception"].map(|id| text(Some(node(&cards, id).effective_points)));
    assert_eq!(points, ["48", "24", "8", "20"]);
    let four_fifths = rank(&apart, "m1").tree_total.expect("a total") * Decimal::new(8, 1);
    assert_eq!(rank(&cards, "m1").tree_total, Some(four_fifths + Decimal::from(15)), "and 75 % of 20");
}

#[test]
fn ranks_stand_beside_those_without_what_is_switched_on_for_some_only() {
    let mut province = Province::market();
    // The same work, but `a.new` is switched on for 330100 alone, and `m2` lies elsewhere.
    province.measures.retain(|measure| measure.indicator != "a.rate");
    for unit in ["m1", "m2"] {
        province.measures.push(measure("a.rate", unit, 2, ratio(150, 200)));
    }
    province.units[1].region = "330200".to_owned();
    let survey = measure("a.survey", "330200", 2, Amount::Value { value: Some(4 * Fraction::SCALE), n: 200 });
    province.measures.push(survey);
    let cards = province.score();
    let (m1, m2) = (rank(&cards, "m1"), rank(&cards, "m2"));
    assert_ne!(m1.total, m2.total);
    let (with, without) = ((m1.rank, m2.rank), (m1.unswitched.expect("switched"), m2.unswitched.expect("switched")));
    assert_eq!(with, (Some(1), Some(2)), "the switched-on indicator decides");
    assert_eq!((without.0.rank, without.1.rank), (Some(1), Some(1)), "without it they are equal");
    assert_eq!(without.0.total, without.1.total);
}

#[test]
fn months_of_a_flow_are_divided_once_and_a_stock_is_its_last_month() {
    let mut province = Province::market();
    province.measures.retain(|measure| measure.indicator != "a.rate");
    province.measures.extend([measure("a.rate", "m1", 1, ratio(1, 1)), measure("a.rate", "m1", 2, ratio(0, 3))]);
    let cards = province.score();
    assert_eq!(text(value(&cards, "m1", "a.rate").value), "0.25", "not the mean of the months");
    assert_eq!(text(value(&cards, "m1", "a.stock").value), "0.8");
}

#[test]
fn a_month_before_the_switch_of_a_dynamic_indicator_does_not_count() {
    let cards = Province::market().score();
    assert_eq!(text(value(&cards, "m1", "a.new").denominator), "50");
    let mut elsewhere = Province::market();
    elsewhere.units[0].region = "330200".to_owned();
    assert_eq!(value(&elsewhere.score(), "m1", "a.new").status, Status::NotApplicable);
}

#[test]
fn weight_moves_inside_the_parent_and_an_empty_class_takes_the_neutral_score() {
    let cards = Province::market().without("a.fault").without("a.new").score();
    let fault = value(&cards, "m1", "a.fault");
    assert_eq!((fault.status, fault.effective_points), (Status::NothingDue, Decimal::ZERO));
    assert_eq!(text(Some(value(&cards, "m1", "a.rate").effective_points)), "40");
    let class = cards.scores.iter().find(|row| row.unit.0 == "m1" && row.node == "innovation").expect("the class has a row");
    assert_eq!((text(class.score), text(class.earned), text(Some(class.effective_points))), ("80".into(), "8".into(), "10".into()));
    // 90 × 40 + 75 × 20 + 80 × 15 + 75 × 15 + 80 × 10.
    assert_eq!(text(rank(&cards, "m1").total), "82.25");
}

#[test]
fn a_library_of_another_domain_falls_away_without_a_row() {
    let cards = Province::market().score();
    assert!(!cards.values.iter().any(|value| value.indicator.0 == "eco.cross_region_synergy"));
    let node = |node: &str| cards.scores.iter().find(|row| row.unit.0 == "m1" && row.node == node);
    assert!(node("library.eco").is_none());
    assert_eq!(text(node("library").map(|row| row.effective_points)), "20");
}

#[test]
fn a_held_value_is_scored_and_marked() {
    let mut province = Province::market();
    province.held.insert(IndicatorId::from("a.rate"));
    let cards = province.score();
    let held = value(&cards, "m1", "a.rate");
    assert_eq!((held.status, text(held.score)), (Status::Held, "90".to_owned()));
}

#[test]
fn owed_and_absent_is_held_or_zero_as_the_scheme_says() {
    let mut province = Province::market().without("a.rate");
    province.held.insert(IndicatorId::from("a.rate"));
    let held = province.score();
    assert_eq!((value(&held, "m1", "a.rate").status, value(&held, "m1", "a.rate").score), (Status::Held, None));
    province.scheme = SCHEME.replace("[scope]", "[nothing]\nowed_and_absent = \"zero\"\n[scope]");
    let zero = province.score();
    assert_eq!((value(&zero, "m1", "a.rate").status, text(value(&zero, "m1", "a.rate").score)), (Status::AbsentAsZero, "0".to_owned()));
}

#[test]
fn below_the_minimum_the_value_is_shown_and_the_rank_withheld() {
    let mut province = Province::market();
    for measure in province.measures.iter_mut().filter(|measure| measure.subject == "m2") {
        if let Amount::Ratio(fraction) = &mut measure.amount {
            *fraction = Fraction { numerator: fraction.numerator / 40, denominator: fraction.denominator / 40 };
        }
    }
    let cards = province.score();
    let few = rank(&cards, "m2");
    assert!(value(&cards, "m2", "a.rate").too_few && value(&cards, "m2", "a.rate").value.is_some());
    assert_eq!((few.rank, few.withheld.as_deref(), few.total.is_some()), (None, Some("too_few_cases"), true));
    assert_eq!(rank(&cards, "m1").withheld.as_deref(), Some("too_few_ranked"), "one ranked unit of two is no ranking");
    province.units.retain(|unit| unit.id.0 == "m1");
    assert_eq!(rank(&province.score(), "m1").withheld.as_deref(), Some("peer_group_too_small"), "the group itself is too small");
}

#[test]
fn a_total_with_a_wide_interval_is_not_ranked_even_with_ten_cases() {
    let mut province = Province::market().without("a.rate");
    province.measures.push(measure("a.rate", "m1", 1, ratio(6, 12)));
    let few = rank(&province.score(), "m1").half_width;
    province.scheme = format!("{}\n[minimum_n]\nhalf_width = {}\n", province.scheme, few - Decimal::ONE);
    assert_eq!(rank(&province.score(), "m1").withheld.as_deref(), Some("interval_too_wide"), "half width {few}");
    province.measures.push(measure("a.rate", "m1", 2, ratio(60, 120)));
    assert_ne!(rank(&province.score(), "m1").withheld.as_deref(), Some("interval_too_wide"), "ten times as many cases are enough");
}

#[test]
fn bonus_and_deduction_are_capped_and_a_veto_caps_the_grade_alone() {
    let mut province = Province::market();
    let event = |code: &str, points: i64| Event {
        id: format!("of {code}"),
        is_veto: false,
        document: String::new(),
        unit: UnitId::from("m1"),
        code: code.to_owned(),
        points: Decimal::from(points),
        cap_grade: None,
        on: date(2026, 2, 1),
    };
    province.events = vec![event("praise", 4), event("prize", 4), event("late", -3), event("fraud", 0)];
    let cards = province.score();
    let m1 = rank(&cards, "m1");
    assert_eq!((text(m1.total), text(Some(m1.bonus)), text(Some(m1.deduction))), ("84.25".into(), "5".into(), "3".into()));
    assert_eq!((m1.score_grade.as_deref(), m1.grade.as_deref(), m1.rank), (Some("良好"), Some("不合格"), Some(1)));
    assert_eq!(m1.vetoes, ["fraud"]);
    let cap = cards.score_lines.iter().find(|line| line.kind == LineKind::Cap).expect("the cap has a line");
    assert_eq!(text(Some(cap.earned)), "-3");
    let veto = cards.score_lines.iter().find(|line| line.kind == LineKind::Veto).expect("the veto has a line");
    assert_eq!((veto.id.as_str(), veto.event.as_str(), veto.earned), ("fraud", "of fraud", Decimal::ZERO));
}

#[test]
fn a_quota_leaves_the_grade_to_the_best_places() {
    let mut province = Province::market();
    province.scheme = SCHEME.replace("from = 90", "from = 81").replace("from = 80", "from = 70");
    province.measures.iter_mut().filter(|measure| measure.indicator == "a.stock" && measure.month.month == 2).for_each(|measure| {
        measure.amount = ratio(100, 100);
    });
    let cards = province.score();
    assert_eq!((rank(&cards, "m1").grade.as_deref(), rank(&cards, "m2").score_grade.as_deref()), (Some("优秀"), Some("良好")));
}

#[test]
fn a_city_answers_for_its_subtree_and_what_does_not_add_up_for_itself() {
    let mut province = Province::market();
    province.units.push(unit("city", "city", "market", "330100"));
    province.measures.push(Measure { scope: Scope::Subtree, ..measure("a.rate", "city", 1, ratio(30, 40)) });
    province.measures.push(measure("a.rate", "city", 1, ratio(0, 40)));
    assert_eq!(text(value(&province.score(), "city", "a.rate").value), "0.75");
}

#[test]
fn synergy_enters_the_score_of_every_unit_of_the_domain_in_the_region() {
    let mut province = Province::market();
    province.units = vec![unit("e1", "county", "eco", "330102"), unit("e2", "county", "eco", "330104")];
    province.regional = vec![RegionalValue {
        indicator: IndicatorId::from("eco.cross_region_synergy"),
        region: "330102".to_owned(),
        domain: "eco".to_owned(),
        value: Decimal::new(655, 3),
        scored_as: None,
        n: Decimal::from(40),
        interval: None,
    }];
    let cards = province.score();
    assert_eq!(text(value(&cards, "e1", "eco.cross_region_synergy").score), "65.5");
    assert_eq!(value(&cards, "e2", "eco.cross_region_synergy").status, Status::NothingDue);
}

#[test]
fn a_survey_about_no_domain_in_particular_enters_the_score_of_units_without_answers_of_their_own() {
    let mut province = Province::market();
    province.scheme =
        SCHEME.replace("[regional.survey]\nattribution = \"lead_unit\"", "[regional.survey]\nattribution = \"all_units_in_domain\"");
    province.units.push(unit("e1", "county", "eco", "330102"));
    let answers = Amount::Value { value: Some(3 * Fraction::SCALE), n: 50 };
    province.measures.push(Measure { domain: NO_DOMAIN, ..measure("a.survey", "330102", 2, answers) });
    let cards = province.score();
    assert_eq!(text(value(&cards, "e1", "a.survey").score), "50");
    assert_eq!(text(value(&cards, "m1", "a.survey").score), "75", "its own domain's answers come first");
}

#[test]
fn a_unit_with_nothing_to_score_has_no_total() {
    let mut province = Province::market();
    province.units.push(unit("idle", "county", "market", "330999"));
    let cards = province.score();
    let idle = rank(&cards, "idle");
    assert_eq!((idle.total, idle.rank, idle.withheld.as_deref()), (None, None, Some("nothing_scored")));
    assert!(!cards.score_lines.iter().any(|line| line.unit.0 == "idle" && line.kind == LineKind::Total));
}

#[test]
fn a_unit_that_stands_twice_is_refused() {
    let mut province = Province::market();
    province.units.push(unit("m1", "county", "market", "330102"));
    let indicators = headers();
    let scheme = read_scheme("2026", "2026.toml", SCHEME, &indicators, &mut Diagnostics::default()).expect("it was read");
    let input = ScoringInput {
        measures: &province.measures.iter().copied().collect(),
        units: &province.units,
        scheme: &scheme,
        indicators: &indicators,
        period: &"2026".parse().expect("a period"),
        as_of: date(2026, 2, 28),
        regional: &[],
        held: &BTreeSet::new(),
        provisional: &BTreeSet::new(),
        events: &[],
    };
    assert!(score(&input).expect_err("it is refused").message().contains("`m1` stands twice"));
}

/// `indicator records` of each, and the points that they would add together.
fn wanted(records: &[OtherRecords]) -> (Vec<String>, String) {
    let gain: Decimal = records.iter().map(|wanted| wanted.gain).sum();
    (records.iter().map(|wanted| format!("{} {}", wanted.indicator, wanted.records)).collect(), gain.normalize().to_string())
}

fn next_grade<'a>(cards: &'a Scorecards, unit: &str) -> &'a NextGrade {
    cards.next_grades.iter().find(|row| row.unit.0 == unit).expect("it has not the best grade")
}

#[test]
fn the_fewest_records_to_the_next_grade_are_those_computed_by_hand() {
    let cards = Province::market().score();
    // One record more adds 0.2 in a.new (5 are left), 0.15 in a.rate (20 and 80) and a.stock (20), 0.1 in a.market (50); one fault less 0.1.
    // m1 has 82.25 and lacks 7.745 after rounding: 5 × 0.2 + 40 × 0.15 + 8 × 0.1 = 7.8, and one less is 7.7. Nothing alone adds so much.
    let m1 = next_grade(&cards, "m1");
    assert_eq!((m1.grade.as_str(), m1.missing, m1.way, m1.has_quota), ("优秀", Decimal::new(775, 2), Way::Records, true));
    assert_eq!(wanted(&m1.together), (["a.fault 8", "a.new 5", "a.rate 20", "a.stock 20"].map(str::to_owned).into(), "7.8".to_owned()));
    assert_eq!((m1.together[0].is_less, m1.together[1].is_less), (true, false));
    assert_eq!(m1.alone, []);
    // m2 answers for no survey, so that a.stock carries 30 points. It has 74 and lacks 5.995: 20 × 0.3 of a.stock alone, or 40 × 0.15 of a.rate alone.
    let m2 = next_grade(&cards, "m2");
    assert_eq!(wanted(&m2.together), (["a.stock 20"].map(str::to_owned).into(), "6".to_owned()));
    assert_eq!(wanted(&m2.alone), (["a.stock 20", "a.rate 40"].map(str::to_owned).into(), "12".to_owned()));
}

#[test]
fn no_record_gives_back_what_a_veto_or_a_quota_takes() {
    let mut province = Province::market();
    province.measures.retain(|measure| !["a.rate", "a.fault", "a.market", "a.stock", "a.new"].contains(&measure.indicator));
    for unit in ["m1", "m2"] {
        province.measures.extend(["a.rate", "a.market", "a.stock", "a.new"].map(|indicator| measure(indicator, unit, 2, ratio(99, 100))));
        province.measures.push(measure("a.fault", unit, 2, ratio(0, 100)));
    }
    // m1 answers for a survey, and has 95.40 where m2 has 99.10; half of two is one place.
    let cards = province.score();
    let m1 = next_grade(&cards, "m1");
    assert_eq!((m1.grade.as_str(), m1.way, m1.missing, m1.together.len()), ("优秀", Way::Quota, Decimal::ZERO, 0));
    assert!(cards.next_grades.iter().all(|row| row.unit.0 != "m2"), "nothing is better than the best grade");
    province.events = vec![Event {
        id: "event".to_owned(),
        is_veto: true,
        document: String::new(),
        unit: UnitId::from("m2"),
        code: "fraud".to_owned(),
        points: Decimal::ZERO,
        cap_grade: None,
        on: date(2026, 1, 5),
    }];
    assert_eq!(next_grade(&province.score(), "m2").way, Way::Veto);
}

#[test]
fn who_has_nothing_left_to_change_is_out_of_reach() {
    let mut province = Province::market();
    for row in &mut province.measures {
        if let Amount::Ratio(fraction) = &mut row.amount {
            fraction.numerator = if row.indicator == "a.fault" { 0 } else { fraction.denominator };
        }
    }
    let answers = Amount::Value { value: Some(Fraction::SCALE), n: 200 };
    province.measures.retain(|measure| measure.indicator != "a.survey");
    province.measures.push(measure("a.survey", "330102", 2, answers));
    assert_eq!(next_grade(&province.score(), "m1").way, Way::OutOfReach);
}

#[test]
fn a_large_unit_that_could_reach_the_grade_is_not_told_that_it_could_not() {
    let mut province = Province::market();
    for row in &mut province.measures {
        if let Amount::Ratio(fraction) = &mut row.amount {
            (fraction.numerator, fraction.denominator) = (fraction.numerator * 1_000, fraction.denominator * 1_000);
        }
    }
    let cards = province.score();
    assert_eq!((next_grade(&cards, "m1").way, next_grade(&cards, "m2").way), (Way::TooMany, Way::TooMany));
}

#[test]
fn where_a_curve_falls_again_records_are_named_on_the_side_that_is_nearer() {
    let mut province = Province::market();
    // About half is best: m1 has 75 % and must lose, m2 has 25 % and must gain.
    province.scheme = SCHEME.replace(
        "node = \"library.market\"\npoints = 20\ncurve = [[0, 0], [1, 100]]",
        "node = \"library.market\"\npoints = 20\ncurve = [[0, 0], [0.45, 100], [0.55, 100], [1, 0]]",
    );
    assert_ne!(province.scheme, SCHEME);
    province.edit_headers = |headers| headers.get_mut("a.market").expect("a header").better = Better::Band;
    province.measures.retain(|row| row.indicator == "a.market" && row.subject == "m1" || row.indicator == "a.stock");
    province.measures.push(measure("a.market", "m2", 2, ratio(50, 200)));
    let cards = province.score();
    let of = |unit: &str| {
        let row = cards.next_grades.iter().find(|row| row.unit.0 == unit).expect("below the best grade");
        row.together.iter().chain(&row.alone).find(|wanted| wanted.indicator.0 == "a.market").map(|wanted| wanted.is_less)
    };
    assert_eq!((of("m1"), of("m2")), (Some(true), Some(false)), "{:#?}", cards.next_grades);
}

#[test]
fn nobody_is_told_how_many_rulings_should_have_been_otherwise() {
    let mut province = Province::market();
    province.edit_headers = |headers| headers.get_mut("a.stock").expect("a header").is_decided_by_others = true;
    let cards = province.score();
    let named = |row: &NextGrade| row.together.iter().chain(&row.alone).any(|wanted| wanted.indicator.0 == "a.stock");
    assert!(!cards.next_grades.iter().any(named) && Province::market().score().next_grades.iter().any(named));
}

#[test]
fn a_neighbour_is_above_with_the_probability_of_two_normal_totals() {
    let mut province = Province::market();
    province.scheme = SCHEME.replace("[scope]", "[uncertainty]\ndraws = 1000\nseed = 7\n[scope]");
    let cards = province.score();
    let of = |unit: &str| cards.rank_neighbours.iter().find(|row| row.unit.0 == unit).expect("two are ranked");
    let (m1, m2) = (of("m1"), of("m2"));
    assert_eq!((m1.other.0.as_str(), m1.other_rank, m2.other.0.as_str(), m2.other_rank), ("m2", 2, "m1", 1));
    assert_eq!(m1.probability + m2.probability, Decimal::ONE);
    // 82.25 ± 1.3 against 74 ± 1.7 points: four standard errors apart.
    assert!(m1.probability > Decimal::new(999, 3), "{}", m1.probability);
    assert_eq!((m1.said, m2.said), (Some(Said::Better), Some(Said::Worse)));
}

#[test]
fn probabilities_beside_neighbours_agree_with_the_published_order_and_with_the_ranks_left_open() {
    let mut province = Province::market();
    province.scheme = SCHEME.replace("[scope]", "[uncertainty]\ndraws = 1000\nseed = 7\n[scope]");
    // Few cases of u1 are drawn far towards its peers, who are many and better.
    province.units = ["u0", "u1", "u2", "u3", "u4", "u5", "u6", "u7"].map(|name| unit(name, "county", "market", "330102")).into();
    province.measures = Vec::new();
    for (subject, good, all) in [
        ("u0", 52, 100),
        ("u1", 5, 10),
        ("u2", 70, 100),
        ("u3", 71, 100),
        ("u4", 69, 100),
        ("u5", 70, 100),
        ("u6", 72, 100),
        ("u7", 68, 100),
    ] {
        province
            .measures
            .extend(["a.rate", "a.market", "a.stock", "a.new"].map(|indicator| measure(indicator, subject, 2, ratio(good, all))));
    }
    let cards = province.score();
    assert!(
        cards.values.iter().any(|value| value.unit.0 == "u1" && value.shrunk.is_some_and(|shrunk| shrunk.value > Decimal::new(6, 1))),
        "it is drawn"
    );
    assert!(!cards.rank_neighbours.is_empty());
    for row in &cards.rank_neighbours {
        let own = rank(&cards, &row.unit.0).rank.expect("it is ranked");
        let half = Decimal::new(5, 1);
        assert!(if own < row.other_rank { row.probability >= half } else { own == row.other_rank || row.probability <= half }, "{row:?}");
    }
    // The ranks that are left open and the probabilities are of one law: who is surely below cannot be passed.
    let certain = Decimal::new(9999, 4);
    let mut seen = 0;
    for rank in &cards.ranks {
        let beside: Vec<_> = cards.rank_neighbours.iter().filter(|row| row.unit == rank.unit).collect();
        let below = beside.iter().filter(|row| row.probability >= certain).count();
        let above = beside.iter().filter(|row| row.probability <= Decimal::ONE - certain).count();
        let interval = rank.uncertainty.expect("all are estimates").interval;
        assert!(interval.best as usize > above && interval.worst as usize <= province.units.len() - below, "{rank:?}");
        seen += below + above;
    }
    assert!(seen > 0, "the worst one is surely below the best");
}
