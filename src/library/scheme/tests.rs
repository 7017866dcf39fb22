//! Each rule on the smallest scheme that breaks it.

use super::*;
use crate::library::indicator::read_indicator;

/// An indicator of all tiers with more header lines.
fn indicator(id: &str, better: &str, more: &str) -> (IndicatorId, Indicator) {
    let text = format!(
        "-- /// indicator\n-- title = \"{id}\"\n-- better = \"{better}\"\n-- shown_as = \"percent\"\n-- domains = [\"market\", \"eco\"]\n\
         -- tiers = [\"city\", \"county\"]\n-- basis = \"a clause\"\n{more}-- ///\n-- In words.\nSELECT 1\n"
    );
    let mut diagnostics = Diagnostics::default();
    let read = read_indicator(id, "queries/indicators/x.sql", &text, &mut diagnostics).expect("the header is right");
    assert!(diagnostics.is_empty(), "{}", diagnostics.to_text());
    (read.id.clone(), read)
}

fn library() -> BTreeMap<IndicatorId, Indicator> {
    let duty = "-- measures = \"coverage\"\n-- statutory_duty = \"a law\"\n-- companion = \"base.cap\"\n";
    BTreeMap::from([
        indicator("base.rate", "higher", ""),
        indicator("base.fault", "lower", ""),
        indicator("base.cap", "higher", ""),
        indicator("base.covered", "higher", duty),
        indicator("base.visits", "higher", "-- measures = \"frequency\"\n"),
        indicator("base.lenient", "band", ""),
    ])
}

const SCHEME: &str = r#"
title = "示例"
year = 2026
published_on = 2026-01-10
[perception]
mode = "separate"
[regional.synergy]
attribution = "all_units_in_domain"
[[grade]]
name = "优秀"
from = 90
[[grade]]
name = "合格"
from = 60
[[veto]]
code = "fraud"
title = "弄虚作假"
cap_grade = "合格"
basis = "a clause"
[[node]]
id = "base"
parent = "total"
title = "基础"
points = 60
[[node]]
id = "dynamic"
parent = "total"
title = "动态"
points = 40
[[indicator]]
id = "base.rate"
node = "base"
points = 35
curve = [[0.5, 0], [1, 100]]
[[indicator]]
id = "base.fault"
node = "base"
points = 25
curve = [[0, 100], [0.3, 0]]
[[indicator]]
id = "base.lenient"
node = "dynamic"
points = 15
curve = [[0, 0], [0.2, 100], [0.5, 100], [1, 0]]
[[indicator]]
id = "base.covered"
node = "dynamic"
points = 15
curve = [[0, 0], [1, 100]]
[[indicator]]
id = "base.cap"
node = "dynamic"
points = 10
curve = [[0, 0], [1, 100]]
dynamic = { regions = ["330000"], from = 2026-02-01, until = 2026-12-31, announced = 2026-01-20, event = "a notice" }
[[indicator]]
id = "base.visits"
node = "base"
report_only = true
"#;

fn read(text: &str) -> (Option<Scheme>, Diagnostics) {
    let mut diagnostics = Diagnostics::default();
    let scheme = read_scheme("2026", "queries/schemes/2026.toml", text, &library(), &mut diagnostics);
    (scheme, diagnostics)
}

/// The scheme with one part replaced, which holds to the rules all the same.
pub(crate) fn scheme_with(from: &str, to: &str) -> Scheme {
    let (scheme, diagnostics) = read(&SCHEME.replacen(from, to, 1));
    assert!(diagnostics.is_empty(), "{}", diagnostics.to_text());
    scheme.expect("it was read")
}

/// Replaces one part of the scheme and returns names of diagnostics with their rendering.
fn broken(from: &str, to: &str) -> (Vec<&'static str>, String) {
    assert!(SCHEME.contains(from), "{from}");
    let (_, diagnostics) = read(&SCHEME.replacen(from, to, 1));
    (diagnostics.sorted().iter().map(|item| item.name).collect(), diagnostics.to_text())
}

#[test]
fn a_scheme_that_holds_to_the_rules_has_no_diagnostics() {
    let (scheme, diagnostics) = read(SCHEME);
    assert!(diagnostics.is_empty(), "{}", diagnostics.to_text());
    let scheme = scheme.expect("it was read");
    assert_eq!((scheme.total, scheme.nodes.len(), scheme.indicators.len()), (Decimal::ONE_HUNDRED, 2, 6));
    assert_eq!(scheme.minimum_n.rank_share, Decimal::new(5, 1));
    assert_eq!(scheme.round(Decimal::new(83_335, 3)).to_string(), "83.34");
}

#[test]
fn points_that_do_not_add_up_say_both_sums() {
    let (names, text) = broken("points = 35", "points = 30");
    assert_eq!(names, ["points-sum"]);
    assert!(text.contains("the parts of `base` add up to 55 points, expected 60"), "{text}");
    assert!(text.contains("queries/schemes/2026.toml:24:10"), "{text}");
    let (names, text) = broken("points = 60", "points = 50");
    assert_eq!(names, ["points-sum", "points-sum"]);
    assert!(text.contains("the classes add up to 90 points, expected 100"), "{text}");
}

#[test]
fn an_alternative_carries_all_points_of_its_node() {
    let (names, text) = broken("title = \"基础\"", "title = \"基础\"\nalternatives = true");
    assert_eq!(names, ["points-alternative", "points-alternative"]);
    assert!(text.contains("`base.fault` is an alternative in `base` and has 25 points, expected 60"), "{text}");
}

#[test]
fn an_unknown_indicator_is_named_with_the_nearest_one() {
    let (names, text) = broken("id = \"base.rate\"", "id = \"base.rates\"");
    assert_eq!(names, ["unscored-indicator", "unknown-indicator"]);
    assert!(text.contains("with a `node` and `report_only = true`"), "{text}");
    assert!(text.contains("did you mean `base.rate`?"), "{text}");
}

#[test]
fn an_indicator_stands_once_for_the_same_units() {
    let (names, _) = broken(
        "id = \"base.fault\"\nnode = \"base\"\npoints = 25\ncurve = [[0, 100], [0.3, 0]]",
        "id = \"base.rate\"\nnode = \"base\"\npoints = 25\ncurve = [[0, 0], [1, 100]]",
    );
    assert!(names.contains(&"weighed-twice"), "{names:?}");
}

#[test]
fn a_whole_and_its_part_are_not_both_weighed() {
    let mut library = library();
    library.extend([indicator("synergy.transfer_acceptance", "higher", "")]);
    let with_both = SCHEME.replace("points = 35", "points = 15")
        + "[[indicator]]\nid = \"eco.cross_region_synergy\"\nnode = \"base\"\npoints = 10\n\
        curve = [[0, 0], [1, 100]]\n[[indicator]]\nid = \"synergy.transfer_acceptance\"\nnode = \"base\"\npoints = 10\ncurve = [[0, 0], [1, 100]]\n";
    let mut diagnostics = Diagnostics::default();
    read_scheme("2026", "2026.toml", &with_both, &library, &mut diagnostics);
    assert_eq!(diagnostics.sorted().iter().map(|item| item.name).collect::<Vec<_>>(), ["weighed-twice"]);
}

#[test]
fn a_scored_indicator_has_a_curve_of_two_ascending_points() {
    assert_eq!(broken("curve = [[0.5, 0], [1, 100]]\n", "").0, ["curve-missing"]);
    assert_eq!(broken("curve = [[0.5, 0], [1, 100]]", "curve = [[1, 100]]").0, ["curve-short"]);
    assert_eq!(broken("curve = [[0.5, 0], [1, 100]]", "curve = [[1, 0], [1, 100]]").0, ["curve-order"]);
    assert_eq!(broken("curve = [[0.5, 0], [1, 100]]", "curve = [[0, 0], [1, 101]]").0, ["curve-range", "curve-open"]);
    assert_eq!(broken("curve = [[0.5, 0], [1, 100]]", "curve = [[0, 20], [1, 100]]").0, ["curve-open"]);
}

#[test]
fn a_curve_goes_the_way_that_the_header_calls_better() {
    assert_eq!(broken("curve = [[0.5, 0], [1, 100]]", "curve = [[0.5, 100], [1, 0]]").0, ["curve-direction"]);
    assert_eq!(broken("curve = [[0, 100], [0.3, 0]]", "curve = [[0, 0], [0.3, 100]]").0, ["curve-direction"]);
    assert_eq!(broken("curve = [[0, 0], [0.2, 100], [0.5, 100], [1, 0]]", "curve = [[0, 0], [0.2, 100], [1, 0]]").0, ["curve-direction"]);
}

#[test]
fn nothing_is_switched_on_for_the_past_or_without_an_event() {
    let (names, text) = broken(
        "from = 2026-02-01, until = 2026-12-31, announced = 2026-01-20",
        "from = 2026-01-09, until = 2026-12-31, announced = 2026-01-05",
    );
    assert_eq!(names, ["dynamic-backwards"]);
    assert!(text.contains("before the scheme was there (2026-01-10)"), "{text}");
    let (names, text) = broken("announced = 2026-01-20", "announced = 2026-02-02");
    assert_eq!(names, ["dynamic-backwards"]);
    assert!(text.contains("before it was announced (2026-02-02)"), "{text}");
    assert!(broken(", announced = 2026-01-20", "").0.contains(&"missing-key"));
    assert_eq!(broken(", event = \"a notice\"", "").0, ["dynamic-event"]);
}

#[test]
fn a_coverage_is_scored_only_beside_its_companion() {
    let (names, text) = broken("id = \"base.cap\"", "id = \"base.rate\"");
    assert!(names.contains(&"companion-absent"), "{text}");
    let (names, text) = broken("node = \"base\"\nreport_only = true", "node = \"base\"\npoints = 1\ncurve = [[0, 0], [1, 100]]");
    assert_eq!(names, ["points-sum", "companion-missing", "duty-missing"]);
    assert!(text.contains("国办发〔2024〕54号"), "{text}");
}

#[test]
fn what_is_only_reported_has_no_points() {
    assert_eq!(broken("report_only = true", "report_only = true\npoints = 5").0, ["report-only-scored"]);
}

#[test]
fn grades_descend_and_vetoes_name_one_of_them() {
    assert_eq!(broken("from = 60", "from = 90").0, ["grade-order"]);
    assert_eq!(broken("cap_grade = \"合格\"", "cap_grade = \"合\"").0, ["unknown-grade"]);
}

#[test]
fn the_tree_hangs_together() {
    assert_eq!(broken("node = \"dynamic\"", "node = \"dynamics\"").0, ["points-sum", "unknown-node"]);
    assert!(broken("parent = \"total\"", "parent = \"base\"").0.contains(&"node-circle"));
    let (_, diagnostics) = read("title = \"x\"\nyear = 2026\n");
    assert!(diagnostics.sorted().iter().any(|item| item.name == "empty-tree"));
}

#[test]
fn an_unknown_key_is_named_with_the_nearest_one() {
    let (names, text) = broken("points = 35", "points = 35\ntargett = 1");
    assert_eq!(names, ["unknown-key"]);
    assert!(text.contains("did you mean `target`?"), "{text}");
}

#[test]
fn a_composite_that_enters_nobodys_score_is_warned_of() {
    let scheme = SCHEME.replace("points = 35", "points = 25").replace("\"all_units_in_domain\"", "\"none\"")
        + "[[indicator]]\nid = \"eco.cross_region_synergy\"\nnode = \"base\"\npoints = 10\ncurve = [[0, 0], [1, 100]]\n";
    let (_, diagnostics) = read(&scheme);
    assert_eq!(diagnostics.sorted().iter().map(|item| item.name).collect::<Vec<_>>(), ["never-attributed"]);
    assert_eq!(diagnostics.errors(), 0);
}

#[test]
fn a_curve_is_clamped_at_its_ends_and_exact_between() {
    let point = |value: i64, score: i64| (Decimal::new(value, 2), Decimal::from(score));
    let curve = Curve::new(vec![point(50, 0), point(90, 80), point(100, 100)]).expect("ascending");
    assert_eq!(curve.score(Decimal::new(3, 1)), Decimal::ZERO);
    assert_eq!(curve.score(Decimal::new(70, 2)), Decimal::from(40));
    assert_eq!(curve.score(Decimal::TWO), Decimal::ONE_HUNDRED);
    // 2/3 lies between: (2/3 − 0.5) / 0.4 · 80 = 33.333…
    assert_eq!(curve.score_of_ratio(Decimal::TWO, Decimal::from(3)).round_dp(4).to_string(), "33.3333");
    assert_eq!(curve.half_range(Decimal::new(5, 1), Decimal::new(9, 1)), Decimal::from(40));
}
