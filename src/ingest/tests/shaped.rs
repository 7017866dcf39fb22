//! Sources shaped otherwise: mapping SQL, and real data.

use super::*;
use crate::error::Kind;
use crate::project::{Encoding, Mapping};

fn mapped(office: &Office, path: &str, sql: &str) -> Result<StagedTable> {
    let mut source = office.source(path);
    source.mapping = Some(Mapping { file: "m.sql".into(), sql: sql.into() });
    office.try_load(&[source])
}

#[test]
fn a_mapping_filters_explodes_and_keeps_lines() {
    let office = Office::new();
    office.write("a.csv", "No,Units,Day,Kind\n1,U1 U2,2026-03-01,x\n2,U1,2026-03-02,skip\n3,U3,bad,x\n4,\"cut\n");
    office.write("a.csv", "No,Units,Day,Kind\n1,U1 U2,2026-03-01,x\n2,U1,2026-03-02,skip\n3,U3,bad,x\n4,U1\n");
    let sql = "SELECT \"No\" || '-' || unit AS case_id, unit AS \"执法主体\", \"Day\" AS opened_on, source_line FROM \
               (SELECT \"No\", \"Day\", source_line, unnest(string_to_array(\"Units\", ' ')) AS unit FROM source WHERE \"Kind\" <> 'skip')";
    let staged = mapped(&office, "a.csv", sql).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(rows(&staged, &["case_id", "unit_id", "source_line"]), ["1-U1|U1|2", "1-U2|U2|2"]);
    assert_eq!((totals(&staged), staged.files[0].expanded), ([4, 2, 2, 0, 1], 1));
    let said = quarantined(&staged);
    assert_eq!((said[0].0, said[0].3.as_str()), (5, "4,U1"), "a ragged row never reaches the mapping");
    assert_eq!((said[1].0, said[1].3.as_str()), (4, "3,U3,bad,x"), "a mapped row keeps its raw text");
    let headers: Vec<_> = staged.warnings.iter().filter(|warning| warning.check == "unknown_header").collect();
    assert!(headers.is_empty(), "the line that a mapping has to keep is no unknown header: {headers:?}");
}

#[test]
fn a_mapping_that_is_wrong_is_the_authors_error() {
    let office = Office::new();
    office.write("a.csv", "No,Day\n1,2026-03-01\n");
    let wrong = [
        ("SELECT nothing FROM source", "m.sql"),
        ("SELECT \"No\" AS case_id, 'U' AS unit_id, \"Day\" AS opened_on FROM source", "must select `source_line`"),
        ("SELECT \"No\" AS case_id, 'U' AS unit_id, \"Day\" AS opened_on, 9 AS source_line FROM source", "line 9"),
        ("SELECT \"No\" AS case_id, \"Day\" AS opened_on, source_line FROM source", "the required column `unit_id` is missing"),
        ("DROP TABLE source", "m.sql"),
        ("COPY source TO '/tmp/x.csv'", "m.sql"),
    ];
    for (sql, says) in wrong {
        let error = mapped(&office, "a.csv", sql).expect_err(sql);
        assert!(error.kind == Kind::Query && error.to_string().contains(says), "{sql}: {error}");
    }
}

#[test]
fn a_mapping_over_parquet_and_json_sees_text() {
    let office = Office::new();
    office.write("a.jsonl", "{\"n\":1,\"d\":\"2026-03-01\"}\n{\"n\":2,\"d\":\"2026-03-02\"}\n");
    let sql = "SELECT n AS case_id, 'U' AS unit_id, d AS opened_on, source_line FROM source WHERE n = '2'";
    let staged = mapped(&office, "a.jsonl", sql).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((rows(&staged, &["case_id"]), totals(&staged)), (vec!["2".to_owned()], [2, 1, 0, 0, 1]));
}

/// The folder of real records, when this machine has it.
fn real(folder: &str) -> Option<PathBuf> {
    let Some(root) = std::env::var_os("KAOHE_REALDATA") else {
        assert!(std::env::var_os("CI").is_none(), "KAOHE_REALDATA is required when CI is set");
        eprintln!("skipped: KAOHE_REALDATA is not set");
        return None;
    };
    let path = PathBuf::from(root).join(folder);
    path.is_dir().then_some(path)
}

const MA: &str = "SELECT \
      cast(source_line AS varchar) || '/' || trim(town, ' ''') AS case_id, trim(town, ' ''') AS unit_id, \"Fine\" AS fine, source_line, \
      CASE WHEN regexp_like(\"Date\", '^[0-9]{1,2}/[0-9]{1,2}/[0-9]{2}$') \
        THEN '20' || split_part(\"Date\", '/', 3) || '-' || split_part(\"Date\", '/', 1) || '-' || split_part(\"Date\", '/', 2) \
        ELSE \"Date\" END AS opened_on \
    FROM (SELECT *, unnest(string_to_array(trim(municipality, '[]'), ',')) AS town FROM source WHERE municipality <> '[]')";

#[test]
fn real_enforcement_actions_explode_into_towns() {
    let Some(folder) = real("ma_dep_enforcement") else { return };
    let office = Office::new();
    let mut source = source("cases", &folder, "MADEP_enforcement_actions.csv");
    source.mapping = Some(Mapping { file: "ma.sql".into(), sql: MA.into() });
    let staged = office.try_load(&[source]).unwrap_or_else(|error| panic!("{error}"));
    let file = &staged.files[0];
    assert_eq!((staged.held.clone(), file.records_seen, file.filtered), (None, 4348, 564));
    let raw: Vec<String> = quarantined(&staged).into_iter().map(|(.., raw)| raw[..13].to_owned()).collect();
    // One action names three towns; the fourth bad date (4/31/17) belongs to an action without any town.
    assert_eq!(raw, ["2005,0/6/05,\"", "2007,22/28/07", "2007,22/28/07", "2007,22/28/07", "2017,2/3/2017"]);
    // The other quarantined actions are fined 2000 in three towns, and 2000 in one: what is missing from the other programs' sum.
    let expected = std::fs::read_to_string(folder.join("expected_by_municipality.csv")).expect("there");
    let expected: f64 = expected.lines().skip(1).filter_map(|line| line.rsplit(',').next()?.parse::<f64>().ok()).sum();
    let loaded: f64 = rows(&staged, &["fine"]).iter().filter_map(|fine| fine.parse::<f64>().ok()).sum();
    assert_eq!(((loaded + 4.0 * 2000.0) * 100.0).round(), (expected * 100.0).round());
}

#[test]
fn real_inspections_and_latin_businesses_are_read() {
    let Some(folder) = real("sf_food_inspections") else { return };
    let text = "title = \"t\"\nbasis = \"t\"\nkey = [\"id\", \"on\"]\nmonth = \"on\"\n[[column]]\nname = \"id\"\ntype = \"text\"\naliases = [\"business_id\"]\nmeaning = \"m\"\nsensitivity = \"public\"\n\
                [[column]]\nname = \"on\"\ntype = \"date\"\naliases = [\"date\"]\nmeaning = \"m\"\nsensitivity = \"public\"\n[[column]]\nname = \"score\"\ntype = \"integer\"\nmeaning = \"m\"\nsensitivity = \"public\"\n";
    let office = Office::with(contract("inspections", text));
    let staged = office.try_load(&[source("inspections", &folder, "inspections.csv")]).expect("loads");
    // One exact duplicate among three repeated (business, date).
    assert_eq!((staged.held.clone(), totals(&staged)), (None, [14_233, 14_230, 0, 3, 0]));

    let text = "title = \"t\"\nbasis = \"t\"\nkey = [\"id\"]\n[[column]]\nname = \"id\"\ntype = \"text\"\naliases = [\"business_id\"]\nmeaning = \"m\"\nsensitivity = \"public\"\n\
                [[column]]\nname = \"name\"\ntype = \"text\"\nmeaning = \"m\"\nsensitivity = \"public\"\n";
    let office = Office::with(contract("businesses", text));
    let mut latin = source("businesses", &folder, "businesses.csv");
    latin.encoding = Some(Encoding::Windows1252);
    let staged = office.try_load(&[latin.clone()]).expect("loads");
    assert_eq!((totals(&staged), staged.files[0].encoding.as_deref()), ([6399, 6399, 0, 0, 0], Some("windows-1252")));
    latin.encoding = Some(Encoding::Utf8);
    let staged = office.try_load(&[latin]).expect("loads");
    assert!((1..=7).contains(&totals(&staged)[2]), "declared wrongly, the rows with such bytes are quarantined: {:?}", totals(&staged));
}
