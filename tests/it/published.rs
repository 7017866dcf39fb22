//! Tables that others published, from the inputs that they published: each cell within half of its last printed digit.
//!
//! Inputs, printed figures and where they come from stand in `tests/published/<table>/`; `source.md` says which cells were left out, and why.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use kaohe::diagnostics::Diagnostics;
use kaohe::library::scheme::{Scheme, read_table_scheme};
use kaohe::scoring::table::{self, read};
use kaohe::scoring::tables::Scorecards;
use kaohe::statistics::count::{self, Rate};
use kaohe::statistics::funnel::{Adjustment, Point, Position, Trimming, overdispersion};
use kaohe::statistics::proportion::{clopper_pearson, wilson};
use kaohe::statistics::ranks::{RankSetOptions, marginal_rank_sets, simultaneous_rank_sets};
use kaohe::statistics::shrinkage::gamma_prior;
use kaohe::statistics::survey::{self, Stratum, VarianceRule};
use kaohe::statistics::survival::{Duration, KaplanMeier, Scale};

type Row = BTreeMap<String, String>;

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/published").join(name)
}

fn rows(name: &str, file: &str) -> Vec<Row> {
    let path = folder(name).join(file);
    let mut reader = csv::Reader::from_path(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let headers = reader.headers().expect("a header").clone();
    let row = |record: csv::StringRecord| headers.iter().map(str::to_owned).zip(record.iter().map(str::to_owned)).collect();
    reader.records().map(|record| row(record.expect("a row"))).collect()
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is no number"))
}

/// Half of the last digit of a figure as it is printed, and what binary fractions add.
fn half_digit(printed: &str) -> f64 {
    let decimals = printed.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    0.5 * 10_f64.powi(-(decimals as i32)) * (1.0 + 1e-9)
}

fn scheme(name: &str, file: &str) -> Scheme {
    let text = fs::read_to_string(folder(name).join(file)).expect("a scheme");
    let mut diagnostics = Diagnostics::default();
    let scheme = read_table_scheme(name, file, &text, &BTreeMap::new(), &mut diagnostics);
    assert_eq!(diagnostics.errors(), 0, "{}", diagnostics.to_text());
    scheme.expect("a scheme")
}

fn scored(name: &str, inputs: &str, scheme: &Scheme) -> Scorecards {
    let values = read::read(&folder(name).join(inputs)).expect("values");
    table::score(&values, scheme, &BTreeMap::new()).expect("scores")
}

/// The exact score of a node: what was earned over what could be.
fn exact(cards: &Scorecards, unit: &str, node: &str) -> Option<f64> {
    let row = cards.scores.iter().find(|row| row.unit.as_ref() == unit && row.node == node).expect("a node");
    row.score.map(|score| number(&score.to_string()))
}

#[test]
fn the_human_development_index_of_2023_and_every_rank_of_it() {
    let name = "human_development_index";
    let out = tempfile::tempdir().expect("temporary folder");
    let ran = Command::new(env!("CARGO_BIN_EXE_kaohe"))
        .args(["score", "--format", "csv", "--quiet", "--values"])
        .arg(folder(name).join("inputs.csv"))
        .arg("--scheme")
        .arg(folder(name).join("scheme.toml"))
        .arg("--out")
        .arg(out.path())
        .output()
        .expect("kaohe runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let mut reader = csv::Reader::from_reader(ran.stdout.as_slice());
    let mut found = BTreeMap::new();
    for record in reader.records() {
        let record = record.expect("a row");
        let unit = record[4].split(' ').next().unwrap_or_default().to_owned();
        found.insert(unit, (record[6].to_owned(), record[1].to_owned()));
    }
    let published = rows(name, "published.csv");
    for row in &published {
        assert_eq!(found[&row["unit"]], (row["hdi"].clone(), row["hdi_rank"].clone()), "{}", row["unit"]);
    }
    assert_eq!(published.len(), 193);
    let tables = ["values", "scores", "ranks", "score_lines", "audit_indicators", "audit_correlations"];
    assert!(tables.iter().all(|table| out.path().join(format!("{table}.parquet")).is_file()), "all tables are there");
}

#[test]
fn the_environmental_performance_index_of_2020_at_every_level_with_what_is_missing() {
    let name = "environmental_performance_index";
    let mut scheme = scheme(name, "scheme.toml");
    // The inputs are printed with one decimal; node scores are compared before they are rounded to theirs.
    scheme.rounding.decimals = 6;
    let cards = scored(name, "inputs.csv", &scheme);
    let score = |unit: &str, code: &str| exact(&cards, unit, if code == "epi" { "total" } else { code });
    let (mut compared, mut missing) = (0, 0);
    for row in rows(name, "published.csv") {
        for (code, printed) in row.iter().filter(|(code, printed)| *code != "unit" && !printed.is_empty()) {
            let found = score(&row["unit"], code);
            if printed == "NA" {
                assert_eq!(found, None, "{} {code}", row["unit"]);
                missing += 1;
                continue;
            }
            let found = found.unwrap_or_else(|| panic!("{} has no {code}", row["unit"]));
            assert!((found - number(printed)).abs() <= half_digit(printed) + 1e-6, "{} {code}: {found}, printed {printed}", row["unit"]);
            compared += 1;
        }
    }
    assert_eq!((compared, missing), (2290, 48));
    for row in rows(name, "printed_all.csv") {
        for (code, printed) in row.iter().filter(|(code, printed)| *code != "unit" && !["NA", ""].contains(&printed.as_str())) {
            let found = score(&row["unit"], code).expect("a score");
            assert!((found - number(printed)).abs() < 0.1, "inputs of one decimal move a mean by half a tenth at most: {code} {found}");
        }
    }
}

#[test]
fn the_ranks_of_the_environmental_performance_index_from_its_printed_scores() {
    let name = "environmental_performance_index";
    let text = "title = \"printed\"\nyear = 2020\nweights = \"relative\"\n[rounding]\ndecimals = 1\n[[indicator]]\nid = \"epi\"\n\
                node = \"total\"\ngoalposts = [0, 100]\n";
    let mut diagnostics = Diagnostics::default();
    let scheme = read_table_scheme("printed", "printed.toml", text, &BTreeMap::new(), &mut diagnostics).expect("a scheme");
    let lines: Vec<String> = rows(name, "printed_all.csv").iter().map(|row| format!("{},{}", row["unit"], row["epi"])).collect();
    let values = read::read_csv(format!("unit,epi\n{}\n", lines.join("\n")).as_bytes(), "printed").expect("values");
    let cards = table::score(&values, &scheme, &BTreeMap::new()).expect("scores");
    for row in rows(name, "published_ranks.csv") {
        let rank = cards.ranks.iter().find(|rank| rank.unit.as_ref() == row["unit"]).and_then(|rank| rank.rank);
        assert_eq!(rank.map(|rank| rank.to_string()), Some(row["epi"].clone()), "{}", row["unit"]);
    }
}

#[test]
fn the_scores_and_ranks_of_51_countries_compared_with_each_other() {
    let name = "coinr_asem";
    let published = rows(name, "published.csv");
    let mut compared = 0;
    for (version, file) in [
        ("example", "scheme.toml"),
        ("percentile_rank", "scheme_percentile_rank.toml"),
        ("without_lpi_forest", "scheme_without_lpi_forest.toml"),
    ] {
        let cards = scored(name, "treated.csv", &scheme(name, file));
        for row in published.iter().filter(|row| row["version"] == version) {
            let (unit, code, printed) = (&row["unit"], row["code"].as_str(), row["printed"].as_str());
            match row["statistic"].as_str() {
                "score" => {
                    let found = match cards.values.iter().find(|value| value.unit.as_ref() == unit && value.indicator.as_ref() == code) {
                        Some(value) => number(&value.score.expect("a score").to_string()),
                        None => exact(&cards, unit, if code == "index" { "total" } else { code }).expect("a score"),
                    };
                    // Node scores are rounded to four decimals, the printed ones have three significant digits or more.
                    assert!(
                        (found - number(printed)).abs() <= number(&row["half_unit"]) + 5.1e-5,
                        "{version} {unit} {code}: {found}, {printed}"
                    );
                }
                "rank" if code == "index" => {
                    let rank = cards.ranks.iter().find(|rank| rank.unit.as_ref() == unit).and_then(|rank| rank.rank);
                    assert_eq!(rank.map(|rank| rank.to_string()).as_deref(), Some(printed), "{version} {unit}");
                }
                _ => continue,
            }
            compared += 1;
        }
    }
    assert!(compared >= 280, "{compared} cells");
}

#[test]
fn intervals_of_proportions_and_counts_as_they_are_printed() {
    let inputs: BTreeMap<String, Row> =
        rows("proportion_intervals", "inputs.csv").into_iter().map(|row| (row["unit"].clone(), row)).collect();
    let mut compared = 0;
    for row in rows("proportion_intervals", "published.csv") {
        let input = &inputs[&row["unit"]];
        // Without trials it is a count alone.
        let trials = if input["trials"].is_empty() { 1.0 } else { number(&input["trials"]) };
        let events = number(&input["events"]);
        if events.fract() != 0.0 {
            // One of the tables has a fraction of a case; counts are whole.
            continue;
        }
        let level = number(&row["confidence"]) / 100.0;
        let multiplier = number(&row["multiplier"]);
        let interval = match row["method"].as_str() {
            "wilson" => wilson(events as u64, trials as u64, level),
            "clopper_pearson" => clopper_pearson(events as u64, trials as u64, level),
            "exact" => count::rate(Rate { events: events as u64, exposure: trials }, level),
            _ => continue,
        };
        let interval = interval.unwrap_or_else(|| panic!("{row:?} has no interval"));
        for (side, found) in [("lower", interval.low), ("upper", interval.high)] {
            let printed = &row[side];
            // What is stored and not printed has sixteen digits.
            let room = if row["half_unit"].is_empty() { number(printed).abs() * 1e-9 } else { number(&row["half_unit"]) * 1.000_001 };
            assert!((found * multiplier - number(printed)).abs() <= room, "{row:?}: {found}");
            compared += 1;
        }
    }
    assert!(compared >= 70, "{compared} limits");
}

#[test]
fn the_limits_of_a_funnel_and_who_lies_outside() {
    let printed = rows("funnel_limits", "published.csv");
    for row in printed.iter().filter(|row| row["example"] == "limits") {
        let expected = number(row["unit"].trim_start_matches('e'));
        let (side, tail) = row["statistic"].split_once('_').expect("a side and a level");
        let limits = count::funnel_limits(expected, if tail == "95" { 0.025 } else { 0.001 }).expect("limits");
        let found = if side == "lower" { limits.low } else { limits.high };
        assert!((found - number(&row["printed"])).abs() <= number(&row["half_unit"]) * 1.000_001, "{row:?}: {found}");
    }
    let inputs = rows("funnel_limits", "inputs.csv");
    let units: Vec<(u64, f64)> = inputs
        .iter()
        .filter(|row| row["example"] == "medpar")
        .map(|row| (number(&row["observed"]) as u64, number(&row["expected"])))
        .collect();
    let outside_exact = units.iter().filter(|(observed, expected)| {
        let limits = count::funnel_limits(*expected, 0.001).expect("limits");
        let ratio = *observed as f64 / expected;
        ratio < limits.low || ratio > limits.high
    });
    let points: Vec<Point> = units.iter().filter_map(|(observed, expected)| Point::observed_by_logarithm(*observed, *expected)).collect();
    let spread = overdispersion(&points, Trimming::Truncate(0.1)).expect("enough units");
    let is_alarm = |adjustment: Adjustment| {
        points.iter().filter(|point| matches!(point.position(adjustment), Position::AlarmLow | Position::AlarmHigh)).count()
    };
    let stated = |statistic: &str| printed.iter().find(|row| row["statistic"] == statistic).map(|row| row["printed"].clone());
    assert_eq!(stated("units"), Some(points.len().to_string()));
    assert_eq!(stated("outliers_exact_poisson_998"), Some(outside_exact.count().to_string()));
    assert_eq!(stated("outliers_shmi_998"), Some(is_alarm(spread.additive()).to_string()));
}

#[test]
fn rates_of_small_areas_shrunk_by_moments() {
    let inputs = rows("empirical_bayes_rates", "inputs.csv");
    let of = |example: &str| -> Vec<(String, Rate)> {
        let rate = |row: &Row| Rate { events: number(&row["events"]) as u64, exposure: number(&row["population"]) };
        inputs.iter().filter(|row| row["example"] == example).map(|row| (row["unit"].clone(), rate(row))).collect()
    };
    let mut compared = 0;
    for row in rows("empirical_bayes_rates", "published.csv").iter().filter(|row| row["estimator"] == "poisson_moments") {
        let units = of(&row["example"]);
        let rates: Vec<Rate> = units.iter().map(|(_, rate)| *rate).collect();
        let prior = gamma_prior(&rates).expect("a prior");
        let found = match row["statistic"].as_str() {
            "between_variance" => prior.variance,
            "mean_rate" => prior.mean,
            "shrunk_rate" => {
                let (_, rate) = units.iter().find(|(unit, _)| *unit == row["unit"]).expect("the unit");
                prior.shrink(*rate).expect("a rate").value
            }
            _ => continue,
        };
        assert!((found - number(&row["printed"])).abs() <= number(&row["half_unit"]) * 1.000_001, "{row:?}: {found}");
        compared += 1;
    }
    assert_eq!(compared, 7);
}

/// The answers of a stratified sample: stratum → its size, and the values of a column.
fn strata(column: &str) -> Vec<(f64, Vec<f64>)> {
    let mut strata: BTreeMap<String, (f64, Vec<f64>)> = BTreeMap::new();
    for row in rows("stratified_survey", "inputs.csv").iter().filter(|row| row["example"] == "apistrat") {
        let stratum = strata.entry(row["stratum"].clone()).or_insert((number(&row["stratum_size"]), Vec::new()));
        stratum.1.push(number(&row[column]));
    }
    strata.into_values().collect()
}

#[test]
fn means_totals_and_a_ratio_of_a_stratified_sample_with_their_standard_errors() {
    let mut compared = 0;
    for row in rows("stratified_survey", "published.csv").iter().filter(|row| row["example"] == "apistrat" && row["rule"] == "fpc") {
        let column = row["variable"].split([' ', '/']).next().unwrap_or_default();
        if column == "1" {
            continue;
        }
        let answers = strata(column);
        let of: Vec<Stratum<'_>> = answers.iter().map(|(population, values)| Stratum { population: *population, values }).collect();
        let estimate = match (row["statistic"].as_str(), row["domain"].as_str()) {
            ("mean", "") => survey::mean(&of, VarianceRule::USUAL),
            ("total", "") => survey::total(&of, VarianceRule::USUAL),
            ("mean", domain) => {
                let others = strata("other");
                let is_member = |value: &f64| if domain == "other > 20" { *value > 20.0 } else { *value == 0.0 };
                let members: Vec<Vec<bool>> = others.iter().map(|(_, values)| values.iter().map(is_member).collect()).collect();
                survey::domain_mean(&of, &members.iter().map(Vec::as_slice).collect::<Vec<_>>(), VarianceRule::USUAL)
            }
            _ => continue,
        };
        let estimate = estimate.unwrap_or_else(|| panic!("{row:?} has no estimate"));
        for (printed, found) in [(&row["estimate"], estimate.value), (&row["standard_error"], estimate.standard_error)] {
            assert!((found - number(printed)).abs() <= half_digit(printed), "{row:?}: {found}");
            compared += 1;
        }
    }
    assert!(compared >= 16, "{compared} cells");
}

#[test]
fn the_ranks_that_a_country_may_have_by_its_scores_and_their_errors() {
    let inputs = rows("rank_sets", "inputs.csv");
    let published = rows("rank_sets", "published.csv");
    let mut compared = 0;
    for subject in ["math", "reading", "science"] {
        let of: Vec<&Row> = inputs.iter().filter(|row| row["subject"] == subject).collect();
        let column = |column: &str| of.iter().map(|row| number(&row[column])).collect::<Vec<f64>>();
        let (estimates, errors) = (column("estimate"), column("standard_error"));
        let threads = std::num::NonZeroUsize::new(2).expect("two");
        let options = RankSetOptions { draws: 4000, threads, ..RankSetOptions::usual(6) };
        let simultaneous = simultaneous_rank_sets(&estimates, &errors, &options).expect("sets");
        let marginal = marginal_rank_sets(&estimates, &errors, &options).expect("sets");
        for row in published.iter().filter(|row| row["subject"] == subject) {
            let place = of.iter().position(|input| input["unit"] == row["unit"]).expect("the country");
            let set = if row["kind"] == "simultaneous" { simultaneous[place] } else { marginal[place] };
            for (printed, found) in [(&row["lower"], set.best), (&row["upper"], set.worst)] {
                if !printed.is_empty() {
                    assert_eq!(found.to_string(), *printed, "{row:?}");
                    compared += 1;
                }
            }
        }
    }
    assert_eq!(compared, 327);
}

#[test]
fn how_long_it_takes_where_some_are_still_open() {
    let inputs = rows("survival_curves", "inputs.csv");
    let mut compared = 0;
    let mut curves: BTreeMap<(String, String), KaplanMeier> = BTreeMap::new();
    for row in rows("survival_curves", "published.csv") {
        let key = (row["example"].clone(), row["group"].clone());
        let curve = curves.entry(key).or_insert_with(|| {
            let is_of = |input: &&Row| input["example"] == row["example"] && input["group"] == row["group"];
            let duration = |input: &Row| Duration { time: number(&input["time"]), ended: input["event"] == "1" };
            KaplanMeier::of(&inputs.iter().filter(is_of).map(duration).collect::<Vec<_>>()).expect("a curve")
        });
        let step = || curve.steps().iter().find(|step| Some(step.time) == row["time"].parse().ok()).expect("a step");
        let found = match row["statistic"].as_str() {
            "survival" => Some(step().open),
            "at_risk" => Some(step().at_risk as f64),
            "median" => curve.median(),
            "median_lower_95" => curve.median_interval(0.95, Scale::Log).expect("an interval").0,
            "median_upper_95" => curve.median_interval(0.95, Scale::Log).expect("an interval").1,
            "restricted_mean" => curve.restricted_mean(730.0).map(|mean| mean.value),
            "restricted_mean_se" => curve.restricted_mean(730.0).map(|mean| mean.standard_error),
            _ => continue,
        };
        compared += 1;
        if row["printed"] == "NA" {
            assert_eq!(found, None, "{row:?}");
            continue;
        }
        let found = found.unwrap_or_else(|| panic!("{row:?} has no figure"));
        assert!((found - number(&row["printed"])).abs() <= number(&row["half_unit"]) + 1e-9, "{row:?}: {found}");
    }
    assert!(compared >= 40, "{compared} figures");
}
