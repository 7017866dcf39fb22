//! What if: the run's own scheme changes nothing, a change is told with its reason, and nothing of it can pass for a result.

use std::fs;

use crate::province::{Province, finished_sample, kaohe};

fn rows(csv_text: &str) -> Vec<csv::StringRecord> {
    csv::Reader::from_reader(csv_text.as_bytes()).records().map(|record| record.expect("a row")).collect()
}

fn whatif(province: &Province, more: &[&str]) -> Vec<csv::StringRecord> {
    rows(&province.kaohe(&[&["whatif", "--format", "csv", "--quiet"], more].concat()).with(0).out)
}

#[test]
fn the_runs_own_scheme_gives_every_published_total_rank_and_grade_again() {
    let (province, _) = finished_sample();
    let again = whatif(province, &[]);
    let published = province.sql("select unit_id, domain, rank, total, grade from ranks order by unit_id, domain");
    assert_eq!(again.len(), published.len());
    for row in &again {
        assert_eq!((&row[4], &row[6], &row[8]), (&row[5], &row[7], &row[9]), "{row:?}");
        let own = published.iter().find(|own| own[0] == row[2] && own[1] == row[3]).expect("the scorecard");
        let total = |text: &str| text.parse::<f64>().ok();
        assert_eq!((own[2].as_str(), total(&own[3]), own[4].as_str()), (&row[5], total(&row[7]), &row[9]), "{row:?}");
    }
}

#[test]
fn a_corrected_figure_moves_its_unit_and_those_it_passes_and_says_why() {
    let (province, _) = finished_sample();
    let figure = province.sql(
        "select unit_id, numerator, denominator from values where indicator = 'market.filing_within_7d' and status = 'scored'
         and numerator < denominator and unit_id in (select unit_id from ranks where rank is not null) order by unit_id limit 1",
    );
    let (unit, denominator) = (&figure[0][0], &figure[0][2]);
    let all = denominator.split('.').next().expect("a count");
    let moved = whatif(province, &["--correct", &format!("{unit}/market.filing_within_7d={all}/{all}")]);
    let own = moved.iter().find(|row| row[2] == *unit && row[6] != row[7]).expect("its total moves");
    assert!(own[10].contains("market.filing_within_7d +"), "{own:?}");
    for row in moved.iter().filter(|row| row[2] != *unit) {
        assert_eq!(row[6], row[7], "nobody else's total moves: {row:?}");
    }
}

#[test]
fn other_weights_keep_the_sum_and_draws_say_what_a_rank_hangs_on() {
    let (province, _) = finished_sample();
    let drawn = whatif(province, &["--weight", "law=20", "--draws", "350", "--seed", "5"]);
    assert_eq!(drawn, whatif(province, &["--weight", "law=20", "--draws", "350", "--seed", "5"]), "one seed, one result");
    assert!(drawn.iter().any(|row| row[6] != row[7]), "somebody's total moves");
    let open: Vec<_> = drawn.iter().filter(|row| !row[11].is_empty()).collect();
    assert!(!open.is_empty(), "ranked units have an interval");
    for row in open {
        let number = |place: usize| row[place].parse::<f64>().expect("a number");
        assert!(number(11) <= number(12), "{row:?}");
        if !row[13].is_empty() {
            let all: f64 = (13..18).map(number).sum();
            assert!(all > 0.5, "what opens a rank is named: {row:?}");
        }
    }
    let wrong = province.kaohe(&["whatif", "--weight", "law=100"]).with(2);
    assert!(wrong.err.contains("`law` can have 0 to less than 60 points"), "{}", wrong.err);
    let unknown = province.kaohe(&["whatif", "--correct", "nobody/market.filing_within_7d=1/2"]).with(2);
    assert!(unknown.err.contains("there is no value of `market.filing_within_7d` for `nobody`"), "{}", unknown.err);
}

#[test]
fn what_a_what_if_writes_says_everywhere_that_it_is_none() {
    let (province, _) = finished_sample();
    let before = province.text("current.json");
    let folder = tempfile::tempdir().expect("temporary folder");
    let into = folder.path().display().to_string();
    let said = province.kaohe(&["whatif", "--weight", "law=20", "--into", &into]).with(0);
    assert!(said.out.contains("NOT FOR PUBLICATION") && said.err.contains("NOT FOR PUBLICATION"), "{}", said.said());
    let mut names: Vec<String> = fs::read_dir(folder.path())
        .expect("a folder")
        .map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["NOT-FOR-PUBLICATION.txt", "whatif_moves.parquet", "whatif_shares.parquet"]);
    let rows = whatif(province, &["--weight", "law=20"]);
    assert!(rows.iter().all(|row| row[0].contains("NOT FOR PUBLICATION")), "every row says it");
    assert_eq!(province.text("current.json"), before, "readers see what they saw before");
}

#[test]
fn the_shipped_scheme_scores_the_values_of_a_run_as_any_table() {
    let (province, _) = finished_sample();
    let folder = tempfile::tempdir().expect("temporary folder");
    let values = folder.path().join("values.csv");
    let table = province.sql(
        "select v.unit_id, v.domain, r.tier, r.size_class, v.indicator, v.value from values v join ranks r on r.unit_id = v.unit_id and r.domain = v.domain
         where v.status in ('scored', 'held') order by 1, 2, 5",
    );
    let mut writer = csv::Writer::from_path(&values).expect("a file");
    writer.write_record(["unit", "domain", "tier", "size_class", "indicator", "value"]).expect("a header");
    table.iter().for_each(|row| writer.write_record(row).expect("a row"));
    writer.flush().expect("written");
    let scheme = concat!(env!("CARGO_MANIFEST_DIR"), "/queries/schemes/2026.toml");
    let scored = kaohe(&["score", "--quiet", "--format", "csv", "--values", &values.display().to_string(), "--scheme", scheme]).with(0);
    let published = province.sql("select unit_id, domain, tree_total from ranks where bonus = 0 and deduction = 0");
    let scored = rows(&scored.out);
    let mut compared = 0;
    for own in &published {
        let row = scored.iter().find(|row| row[4] == own[0] && row[5] == own[1]).expect("the scorecard");
        let (published, found) = (own[2].parse::<f64>().expect("a total"), row[6].parse::<f64>().expect("a total"));
        // Published totals are rounded to hundredths; values in the table have twelve decimals.
        assert!((published - found).abs() <= 0.0051, "{own:?} {row:?}");
        compared += 1;
    }
    assert!(compared > 20, "{compared} scorecards");
}
