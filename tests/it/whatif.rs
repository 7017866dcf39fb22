//! What if: the run's own scheme changes nothing, a change is told with its reason, and nothing of it can pass for a result.

use std::fs;

use crate::province::{Province, after, finished_sample, finished_second_night, finished_small, kaohe};

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
    // Where everything that was due is left out, the other indicators carry the weight: the total is theirs, and no division by nothing.
    let none = whatif(province, &["--correct", &format!("{unit}/market.filing_within_7d=0/0")]);
    let own = none.iter().find(|row| row[2] == *unit && row[6] != row[7]).expect("its total moves");
    assert!(own[7].parse::<f64>().is_ok(), "{own:?}");
    // Whoever answers for the unit moves with it, and nobody else.
    let above: Vec<String> = province
        .sql(&format!(
            "with recursive above as (select unit_id, parent_unit_id from units where unit_id = '{unit}'
               union all select u.unit_id, u.parent_unit_id from units u join above a on u.unit_id = a.parent_unit_id)
             select distinct unit_id from above where unit_id <> '{unit}'"
        ))
        .into_iter()
        .map(|row| row[0].clone())
        .collect();
    assert!(!above.is_empty());
    for row in moved.iter().filter(|row| row[2] != *unit && !above.contains(&row[2].to_owned())) {
        assert_eq!(row[6], row[7], "nobody else's total moves: {row:?}");
    }
    assert!(moved.iter().any(|row| above.contains(&row[2].to_owned()) && row[6] != row[7]), "a city answers for its counties: {above:?}");
}

#[test]
fn a_correction_reaches_its_own_scorecard_once_and_no_other() {
    let (province, _) = finished_sample();
    let several = province.sql(
        "select unit_id, indicator, min(domain), max(domain) from values where status = 'scored' and denominator > 0
           and indicator = 'data.consistency_rate' and unit_id in (select unit_id from units where parent_unit_id is not null) group by 1, 2 having count(distinct domain) > 1 order by 1 limit 1",
    );
    let [unit, indicator, domain, other] = &several[0][..] else { panic!("{several:?}") };
    let unnamed = province.kaohe(&["whatif", "--correct", &format!("{unit}/{indicator}=0/9")]).with(2);
    assert!(unnamed.err.contains("several scorecards"), "{}", unnamed.err);
    let moved = whatif(province, &["--correct", &format!("{unit}/{domain}/{indicator}=0/9")]);
    let card = |domain: &str| moved.iter().find(|row| row[2] == *unit && row[3] == *domain).expect("the scorecard");
    assert_ne!(card(domain)[6], card(domain)[7], "{:?}", card(domain));
    assert_eq!(card(other)[6], card(other)[7], "{:?}", card(other));
    let once = format!("{unit}/{domain}/{indicator}=0/9");
    let twice = province.kaohe(&["whatif", "--correct", &once, "--correct", &once]).with(2);
    assert!(twice.err.contains("is corrected twice"), "{}", twice.err);
    let above = province.one(&format!("select parent_unit_id from units where unit_id = '{unit}'"));
    let both = province.kaohe(&["whatif", "--correct", &once, "--correct", &format!("{above}/{domain}/{indicator}=1/9")]).with(2);
    assert!(both.err.contains("one answers for the other") || both.err.contains("there is no value"), "{}", both.err);
    let composite = province.kaohe(&["whatif", "--correct", &format!("{unit}/eco.cross_region_synergy=0.9")]).with(2);
    assert!(composite.err.contains("is a composite of a region"), "{}", composite.err);
    let group = province.kaohe(&["whatif", "--weight", "base=0"]).with(2);
    assert!(group.err.contains("`base` is a group"), "{}", group.err);
}

#[test]
fn a_draft_is_tried_on_an_earlier_run_and_says_which_curves_reach_their_ends() {
    let province = after(finished_second_night());
    let first = finished_small().current_run();
    assert_ne!(province.current_run(), first);
    let draft = province.path("draft.toml");
    let text = province.text("queries/schemes/2026.toml");
    // Every curve of a share is full from one per cent on: nearly everybody is at 100.
    let steep: String = text
        .lines()
        .map(|line| if line.starts_with("curve = [[0.") && line.ends_with(", 100]]") { "curve = [[0, 0], [0.01, 100]]" } else { line })
        .flat_map(|line| [line, "\n"])
        .collect();
    assert_ne!(steep.matches("[0.01, 100]").count(), 0, "the scheme's curves are written otherwise now");
    fs::write(&draft, steep).expect("written");
    let into = province.path("tried");
    let said = province
        .kaohe(&["whatif", "--run", &first, "--scheme", &draft.display().to_string(), "--into", &into.display().to_string(), "--rows", "0"])
        .with(0);
    assert!(said.err.contains(&format!("a what-if on run {first}")), "{}", said.err);
    for told in ["grade", "before", "after", "curves that reach an end", "lowest"] {
        assert!(said.out.contains(told), "{told}: {}", said.out);
    }
    assert!(into.join("whatif_curves.parquet").is_file());
    let unknown = province.kaohe(&["whatif", "--run", "20200101T000000-0000"]).with(2);
    assert!(unknown.err.contains("there are no results of a run `20200101T000000-0000`"), "{}", unknown.err);
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
    assert!(unknown.err.contains("there is no scorecard of `nobody`"), "{}", unknown.err);
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
    assert_eq!(names, ["NOT-FOR-PUBLICATION.txt", "whatif_curves.parquet", "whatif_moves.parquet", "whatif_shares.parquet"]);
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
