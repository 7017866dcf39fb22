//! Real records: what is loaded, quarantined and counted agrees with counts made by other programs, row by row.
//!
//! The projects stand in `tests/realdata`, the records and the expected counts in the folder that `KAOHE_REALDATA` names; without
//! it the tests are skipped and say so, except where `CI` is set. Every difference is a line of the raw file, named here and
//! explained in `tests/realdata/README.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use parquet::file::reader::{FileReader, SerializedFileReader};
use tempfile::TempDir;

/// A row of a CSV file by column name.
type Row = BTreeMap<String, String>;

/// The folder of the records, or `None` when the test is to be skipped.
fn records(set: &str) -> Option<PathBuf> {
    match std::env::var_os("KAOHE_REALDATA") {
        Some(folder) => Some(PathBuf::from(folder).join(set)),
        None => {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "KAOHE_REALDATA is not set, and CI must not skip {set}");
            // Not `eprintln`, which the test harness keeps to itself.
            let _ = writeln!(std::io::stderr(), "skipped: KAOHE_REALDATA is not set ({set})");
            None
        }
    }
}

/// The rows of a CSV file; bytes above 127 are read as Latin-1.
fn rows(path: &Path) -> Vec<Row> {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let text: String = bytes.into_iter().map(char::from).collect();
    rows_of(&text)
}

fn rows_of(text: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(|row| row.expect("a CSV row")).collect()
}

/// A project that was run in a copy of its folder.
struct Ran {
    folder: TempDir,
}

impl Ran {
    fn new(set: &str, as_of: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/realdata").join(set), folder.path());
        let ran = Self { folder };
        let output = ran.kaohe(&["run", "--as-of", as_of, "--quiet"]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        ran
    }

    fn kaohe(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kaohe"));
        command.args(arguments).arg("--project").arg(self.folder.path());
        command.output().expect("kaohe starts")
    }

    /// The rows that a query gives.
    fn query(&self, sql: &str) -> Vec<Row> {
        let output = self.kaohe(&["sql", "-c", sql, "--format", "csv"]);
        assert!(output.status.success(), "{sql}\n{}", String::from_utf8_lossy(&output.stderr));
        rows_of(std::str::from_utf8(&output.stdout).expect("rows are UTF-8"))
    }

    /// The one number that a query gives.
    fn number(&self, sql: &str) -> f64 {
        let rows = self.query(sql);
        let value = rows.first().and_then(|row| row.values().next()).expect("a row");
        value.parse().unwrap_or_else(|_| panic!("{sql} gave {value}"))
    }

    /// A file of the run's folder as rows.
    fn parquet(&self, path: &str) -> Vec<Row> {
        let runs: Vec<PathBuf> =
            std::fs::read_dir(self.folder.path().join("runs")).expect("runs").map(|entry| entry.expect("an entry").path()).collect();
        let path = runs.iter().map(|run| run.join(path)).find(|path| path.exists()).unwrap_or_else(|| panic!("no run has {path}"));
        let reader = SerializedFileReader::new(std::fs::File::open(path).expect("the file opens")).expect("parquet");
        let text = |value: &parquet::record::Field| match value {
            parquet::record::Field::Str(text) => text.clone(),
            other => other.to_string(),
        };
        let row = |row: parquet::record::Row| row.get_column_iter().map(|(name, value)| (name.clone(), text(value))).collect();
        reader.get_row_iter(None).expect("rows").map(|found| row(found.expect("a row"))).collect()
    }

    /// `table file → seen + expanded = loaded + quarantined + duplicates + filtered`, as the run has accounted for it.
    fn accounts(&self) -> BTreeSet<String> {
        let one = |row: Row| {
            let part = |name: &str| row[name].clone();
            let name = part("source_file").rsplit('/').next().unwrap_or_default().to_owned();
            assert_eq!((row["bytes_read"].as_str(), row["balanced"].as_str()), (row["bytes_size"].as_str(), "true"), "{name}");
            let left = format!("{} + {}", part("records_seen"), part("expanded"));
            let right = ["loaded", "quarantined", "duplicates", "filtered"].map(part).join(" + ");
            format!("{} {name}: {left} = {right}", part("table"))
        };
        self.parquet("tables/accounting.parquet").into_iter().map(one).collect()
    }

    /// Lines of the raw file that a table keeps in its quarantine.
    fn quarantined(&self, table: &str) -> Vec<usize> {
        self.parquet(&format!("quarantine/{table}.parquet")).iter().map(|row| row["source_line"].parse().expect("a line")).collect()
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("the project is there") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("a file is copied");
        }
    }
}

fn set(lines: &[&str]) -> BTreeSet<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

fn number(text: &str) -> f64 {
    if text.is_empty() { 0.0 } else { text.parse().unwrap_or_else(|_| panic!("{text} is no number")) }
}

/// Numbers that other programs have added up as floating-point numbers.
fn near(left: f64, right: f64) -> bool {
    (left - right).abs() < 0.005
}

fn quality(folder: &Path) -> BTreeMap<String, f64> {
    rows(&folder.join("expected_quality.csv")).iter().map(|row| (row["metric"].clone(), number(&row["value"]))).collect()
}

/// Lines of the enforcement actions that are not in the lake, or that lie after its date (the header is line 1, no text holds a line
/// break).
const WITHOUT_A_DATE: [usize; 4] = [398, 1484, 4289, 4334];
const AFTER_THE_END: [usize; 2] = [368, 3649];
const COPIES: [usize; 2] = [1442, 4248];

#[test]
fn enforcement_actions_agree_with_the_expected_counts() {
    let Some(folder) = records("ma_dep_enforcement") else { return };
    let raw = rows(&folder.join("MADEP_enforcement_actions.csv"));
    let ran = Ran::new("ma_dep_enforcement", "2017-06-30");
    let accounts = [
        "action_towns MADEP_enforcement_actions.csv: 4348 + 400 = 4177 + 5 + 2 + 564",
        "cases MADEP_enforcement_actions.csv: 4348 + 0 = 4342 + 4 + 2 + 0",
        "region_adjacency ma_town_adjacency.csv: 908 + 0 = 908 + 0 + 0 + 0",
        "regions ma_towns.csv: 351 + 0 = 351 + 0 + 0 + 0",
        "units department.csv: 1 + 0 = 1 + 0 + 0 + 0",
        "units ma_towns.csv: 351 + 0 = 351 + 0 + 0 + 0",
    ];
    assert_eq!(ran.accounts(), set(&accounts));
    assert_eq!(ran.quarantined("cases"), WITHOUT_A_DATE);
    assert_eq!(ran.quarantined("action_towns"), [398, 1484, 1484, 1484, 4334], "a row for each town that the line names");
    let left_out: Vec<&Row> = WITHOUT_A_DATE.iter().chain(&COPIES).map(|line| &raw[line - 2]).collect();
    actions_agree_by_year(&folder, &ran, &left_out);
    actions_agree_by_town(&folder, &ran, &left_out);
    flags_agree(&folder, &ran, &left_out);
    let quality = quality(&folder);
    assert_eq!(raw.len() as f64, quality["rows"]);
    assert_eq!(WITHOUT_A_DATE.len() as f64, quality["date_not_m/d/yy"]);
    assert_eq!(COPIES.len() as f64, quality["exact_duplicate_rows"]);
    let later = ran.query("SELECT source_line FROM cases WHERE opened_on > DATE '2017-06-30' ORDER BY 1");
    let later: Vec<usize> = later.iter().map(|row| row["source_line"].parse().expect("a line")).collect();
    assert_eq!(later, AFTER_THE_END, "loaded and warned of; no indicator counts what begins after the as-of date");
    let warned = ran.number("SELECT sum(rows) FROM warnings WHERE \"table\" = 'cases' AND \"check\" = 'opened_on_in_future'");
    assert_eq!(warned, AFTER_THE_END.len() as f64);
    let other_year = ran.query(
        "SELECT source_batch, decided_on FROM cases WHERE extract(year FROM decided_on) <> CAST(source_batch AS bigint) ORDER BY decided_on",
    );
    assert_eq!(other_year.len() as f64, quality["date_year_differs_from_Year"], "{other_year:?}");
    assert_eq!((other_year[0]["source_batch"].as_str(), other_year[0]["decided_on"].as_str()), ("2009", "2010-12-29"));
    let several = ran.number("SELECT count(*) FROM (SELECT case_id FROM action_towns GROUP BY case_id HAVING count(*) > 1)");
    let several_out = left_out.iter().filter(|row| towns(row).len() > 1).count() as f64;
    assert_eq!(several + several_out, quality["municipality_multi"]);
    let blank = ran.number("SELECT count(*) FROM cases WHERE fine_amount IS NULL");
    assert_eq!(blank + left_out.iter().filter(|row| row["Fine"].is_empty()).count() as f64, quality["fine_blank"]);
    let total = ran.number("SELECT sum(fine_amount) FROM cases");
    assert!(near(total + left_out.iter().map(|row| number(&row["Fine"])).sum::<f64>(), quality["fine_total_all"]));
    assert_eq!(ran.number("SELECT count(DISTINCT unit_id) FROM scorecards"), 352.0, "the department and every town");
    assert!(ran.number("SELECT count(DISTINCT unit_id) FROM scorecards WHERE total IS NOT NULL") > 200.0, "towns are scored");
}

/// `['Framingham', 'North Reading']`
fn towns(row: &Row) -> Vec<&str> {
    row["municipality"].trim_matches(['[', ']']).split(", ").map(|town| town.trim_matches('\'')).filter(|town| !town.is_empty()).collect()
}

fn actions_agree_by_year(folder: &Path, ran: &Ran, left_out: &[&Row]) {
    let sql = "SELECT source_batch AS year, count(*) AS n, count(fine_amount) AS fined, sum(fine_amount) AS fines, max(fine_amount) AS most
               FROM cases GROUP BY 1 ORDER BY 1";
    let found = ran.query(sql);
    let expected = rows(&folder.join("expected_by_year.csv"));
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        let year = &expected["Year"];
        let out: Vec<f64> = left_out.iter().filter(|row| row["Year"] == *year).map(|row| number(&row["Fine"])).collect();
        let fined_out = out.iter().filter(|fine| **fine > 0.0).count() as f64;
        assert_eq!(&found["year"], year);
        assert_eq!(number(&found["n"]) + out.len() as f64, number(&expected["n_actions"]), "{year}");
        assert_eq!(number(&found["fined"]) + fined_out, number(&expected["n_with_fine"]), "{year}");
        assert!(near(number(&found["fines"]) + out.iter().sum::<f64>(), number(&expected["sum_fine"])), "{year}: {found:?}");
        assert!(near(number(&found["most"]), number(&expected["max_fine"])), "{year}: {found:?}");
    }
}

fn actions_agree_by_town(folder: &Path, ran: &Ran, left_out: &[&Row]) {
    let sql = "SELECT t.unit_id, count(*) AS n, count(c.fine_amount) AS fined, coalesce(sum(c.fine_amount), 0) AS fines
               FROM action_towns AS t JOIN cases AS c ON c.case_id = t.case_id GROUP BY 1";
    let found: BTreeMap<String, Row> = ran.query(sql).into_iter().map(|row| (row["unit_id"].clone(), row)).collect();
    let expected = rows(&folder.join("expected_by_municipality.csv"));
    assert_eq!(found.len(), expected.len());
    for expected in &expected {
        let town = expected["municipality"].as_str();
        let unit = if town == "Manchester-by-the-Sea" { "MANCHESTER".to_owned() } else { town.to_uppercase().replace(' ', "_") };
        let found = &found[&unit];
        let out: Vec<f64> = left_out.iter().filter(|row| towns(row).contains(&town)).map(|row| number(&row["Fine"])).collect();
        let fined_out = out.iter().filter(|fine| **fine > 0.0).count() as f64;
        assert_eq!(number(&found["n"]) + out.len() as f64, number(&expected["n_actions"]), "{town}");
        assert_eq!(number(&found["fined"]) + fined_out, number(&expected["n_with_fine"]), "{town}");
        assert!(near(number(&found["fines"]) + out.iter().sum::<f64>(), number(&expected["sum_fine"])), "{town}: {found:?}");
    }
}

fn flags_agree(folder: &Path, ran: &Ran, left_out: &[&Row]) {
    let sql = "SELECT flag, count(*) AS n FROM (SELECT unnest(string_to_array(punish_content, ';')) AS flag FROM cases) GROUP BY 1";
    let found: BTreeMap<String, f64> = ran.query(sql).into_iter().map(|row| (row["flag"].clone(), number(&row["n"]))).collect();
    for expected in rows(&folder.join("expected_flags.csv")) {
        let flag = &expected["flag"];
        let out = left_out.iter().filter(|row| row[flag] == "True").count() as f64;
        assert_eq!(found[flag] + out, number(&expected["n_true"]), "{flag}");
    }
}

#[test]
fn food_inspections_agree_with_the_expected_counts() {
    let Some(folder) = records("sf_food_inspections") else { return };
    let ran = Ran::new("sf_food_inspections", "2018-02-16");
    let accounts = [
        "enterprises businesses.csv: 6399 + 0 = 6399 + 0 + 0 + 0",
        "inspection_scores inspections.csv: 14233 + 0 = 14232 + 0 + 1 + 0",
        "inspections inspections.csv: 14233 + 0 = 14232 + 0 + 1 + 0",
        "regions businesses.csv: 6399 + 0 = 31 + 0 + 0 + 6368",
        "units businesses.csv: 6399 + 0 = 31 + 0 + 0 + 6368",
        "units department.csv: 1 + 0 = 1 + 0 + 0 + 0",
        "violations violations.csv: 39006 + 0 = 38993 + 1 + 12 + 0",
    ];
    assert_eq!(ran.accounts(), set(&accounts));
    inspections_agree(&folder, &ran);
    violations_agree(&folder, &ran);
    let quality = quality(&folder);
    assert_eq!(ran.number("SELECT count(*) FROM enterprises"), quality["businesses"]);
    let no_zip = quality["businesses_blank_zip"] + quality["businesses_zip_not_941xx_and_not_blank"];
    assert_eq!(ran.number("SELECT count(*) FROM enterprises WHERE region_code IS NULL"), no_zip);
    let never = "SELECT count(*) FROM enterprises WHERE credit_code NOT IN (SELECT credit_code FROM inspections)";
    assert_eq!(ran.number(never), quality["businesses_never_inspected"]);
    let same_day = ran.number("SELECT count(*) - count(DISTINCT concat(credit_code, ' ', checked_on)) FROM inspections");
    assert_eq!(same_day + 1.0, quality["inspections_dup_business_date"], "the exact copy is one of them");
    assert_eq!(ran.number("SELECT min(score) FROM inspection_scores"), quality["score_min"]);
    assert_eq!(ran.number("SELECT count(*) FROM inspections WHERE kind <> 'routine'"), quality["non_routine_inspections"]);
    let names = ran.query("SELECT name FROM enterprises WHERE octet_length(name) > character_length(name) ORDER BY name");
    assert_eq!(names.len() as f64, quality["non_utf8_bytes_in_businesses.csv"]);
    assert!(names.iter().any(|row| row["name"] == "TROPISUEÑO"), "Windows-1252 is read as such: {names:?}");
    assert_eq!(ran.number("SELECT count(DISTINCT unit_id) FROM scorecards"), 32.0, "the department and every zip area");
    assert!(ran.number("SELECT count(DISTINCT unit_id) FROM scorecards WHERE total IS NOT NULL") > 25.0, "zip areas are scored");
}

/// The one exact copy: business 77427 on 2017-07-06, score 94 (Good), zip in the file of businesses.
fn inspections_agree(folder: &Path, ran: &Ran) {
    let businesses: BTreeMap<String, String> =
        rows(&folder.join("businesses.csv")).into_iter().map(|row| (row["business_id"].clone(), row["postal_code"].clone())).collect();
    let sql =
        "SELECT extract(year FROM checked_on) AS year, count(*) AS n, sum(score) AS points, count(*) FILTER (WHERE grade = 'good') AS good,
               count(*) FILTER (WHERE grade = 'poor') AS poor FROM inspection_scores GROUP BY 1 ORDER BY 1";
    let found = ran.query(sql);
    let expected = rows(&folder.join("expected_by_year.csv"));
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        let copies = if expected["year"] == "2017" { 1.0 } else { 0.0 };
        let n = number(&expected["n"]);
        assert_eq!(found["year"], expected["year"]);
        assert_eq!(number(&found["n"]) + copies, n);
        assert_eq!(number(&found["good"]) + copies, number(&expected["n_good"]));
        assert_eq!(number(&found["poor"]), number(&expected["n_poor"]));
        assert!(near(number(&found["points"]) + copies * 94.0, number(&expected["mean_score"]) * n), "{found:?}");
    }
    let sql = "SELECT coalesce(substr(e.region_code, 2), '(invalid)') AS zip, count(*) AS n, sum(s.score) AS points FROM inspections AS i
               JOIN inspection_scores AS s ON s.inspection_id = i.inspection_id JOIN enterprises AS e ON e.credit_code = i.credit_code
               GROUP BY 1 ORDER BY 1";
    let found = ran.query(sql);
    let expected = rows(&folder.join("expected_by_zip.csv"));
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        let copies = if businesses["77427"] == expected["zip5"] { 1.0 } else { 0.0 };
        let n = number(&expected["n"]);
        assert_eq!(found["zip"], expected["zip5"]);
        assert_eq!(number(&found["n"]) + copies, n, "{found:?}");
        assert!(near(number(&found["points"]) + copies * 94.0, number(&expected["mean_score"]) * n), "{found:?}");
    }
}

/// The line whose correction is dated 4/1/9873.
const CORRECTED_IN_9873: usize = 32_859;

fn violations_agree(folder: &Path, ran: &Ran) {
    assert_eq!(ran.quarantined("violations"), [CORRECTED_IN_9873]);
    let raw = rows(&folder.join("violations.csv"));
    let mut seen = BTreeSet::new();
    let mut left_out: Vec<&Row> = raw.iter().filter(|row| !seen.insert(*row)).collect();
    assert_eq!(left_out.len() as f64, quality(folder)["violations_exact_dup"]);
    left_out.push(&raw[CORRECTED_IN_9873 - 2]);
    let says = |row: &Row| row["description"].split('[').next().unwrap_or_default().trim().to_owned();
    // Of a date only, and not of one of the twelve times of day: `12:15:17 PM`.
    let is_corrected = |row: &Row| row["description"].split_once("corrected:").is_some_and(|(_, day)| !day.contains(':'));
    let sql = "SELECT description, count(*) AS n, count(rectified_on) AS corrected FROM violations GROUP BY 1";
    let found: BTreeMap<String, Row> = ran.query(sql).into_iter().map(|row| (row["description"].clone(), row)).collect();
    let expected = rows(&folder.join("expected_by_violation.csv"));
    assert_eq!(found.len(), expected.len());
    for expected in &expected {
        let out: Vec<&&Row> = left_out.iter().filter(|row| says(row) == expected["t"]).collect();
        let found = &found[&expected["t"]];
        assert_eq!(number(&found["n"]) + out.len() as f64, number(&expected["n"]), "{expected:?}");
        let corrected_out = out.iter().filter(|row| is_corrected(row)).count() as f64;
        assert_eq!(number(&found["corrected"]) + corrected_out, number(&expected["n_corrected"]), "{expected:?}");
    }
    let quality = quality(folder);
    let corrected_out = left_out.iter().filter(|row| is_corrected(row)).count() as f64;
    assert_eq!(ran.number("SELECT count(rectified_on) FROM violations") + corrected_out, quality["violations_with_correction_date"]);
    let clock_times_out = left_out.iter().filter(|row| row["description"].contains("corrected:") && !is_corrected(row)).count() as f64;
    assert_eq!(ran.number("SELECT count(correction_note) FROM violations") + clock_times_out, quality["correction_stamped_as_clock_time"]);
    let warned = ran.number("SELECT sum(rows) FROM warnings WHERE table = 'violations' AND check = 'rectified_on_before_checked_on'");
    assert_eq!(warned, quality["correction_before_violation"]);
    let inspected: BTreeSet<(String, String)> =
        rows(&folder.join("inspections.csv")).into_iter().map(|row| (row["business_id"].clone(), row["date"].clone())).collect();
    let alone_out = left_out.iter().filter(|row| !inspected.contains(&(row["business_id"].clone(), row["date"].clone()))).count() as f64;
    let alone = "SELECT count(*) FROM violations AS v LEFT ANTI JOIN inspections AS i ON i.credit_code = v.credit_code AND i.checked_on = v.checked_on";
    assert_eq!(ran.number(alone) + alone_out, quality["violations_without_inspection_same_day"]);
    let median = ran.number("SELECT median(rectified_on - checked_on) FROM violations");
    assert_eq!(median, quality["median_days_to_correct"]);
}
