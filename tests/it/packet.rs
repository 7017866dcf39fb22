//! The packet of an appeal: everything behind one figure, in files that need no kaohe, and who would move if the appeal were granted.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::province::finished_sample;

#[test]
fn a_packet_holds_every_record_and_the_definitions_and_tells_who_would_move() {
    let (province, _) = finished_sample();
    let row = province
        .sql(
            "select unit_id, domain, cast(numerator as bigint), cast(denominator as bigint) from values
             where indicator = 'market.filing_within_7d' and status = 'scored' and numerator < denominator
               and unit_id in (select unit_id from ranks where rank is not null) order by unit_id limit 1",
        )
        .remove(0);
    let [unit, domain, numerator, denominator] = row.as_slice() else { panic!("four cells: {row:?}") };
    let into = TempDir::new().expect("a folder");
    let folder = into.path().join("packet");
    let figure = format!("{denominator}/{denominator}");
    let packet = folder.to_string_lossy();
    let asked = ["explain", unit, "market.filing_within_7d", "--domain", domain, "--packet", &packet, "--granted", &figure];
    let said = province.kaohe(&asked).with(0).out;
    assert!(said.contains("contents.txt lists them") && said.contains("would move"), "{said}");
    let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));

    // Every file is listed with its digest.
    let contents = text("contents.txt");
    for name in ["explanation.txt", "records.csv", "if-granted.csv", "scorecard.html", "definition/indicators/market/filing_within_7d.sql"]
    {
        let digest = blake3::hash(&fs::read(folder.join(name)).expect(name)).to_hex().to_string();
        assert!(contents.lines().any(|line| line.starts_with(name) && line.ends_with(&digest)), "{name}: {contents}");
    }
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("queries/indicators/market/filing_within_7d.sql");
    assert_eq!(text("definition/indicators/market/filing_within_7d.sql"), fs::read_to_string(shipped).expect("the definition"));

    // As many records count for and against as the figure says, each with its place.
    let records = text("records.csv");
    let mut reader = csv::Reader::from_reader(records.strip_prefix('\u{feff}').expect("a byte-order mark").as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
    let of = |role: &str| rows.iter().filter(|row| row[1].starts_with(role)).count().to_string();
    assert_eq!(of("达标"), *numerator);
    assert_eq!(of("拉低得分"), (denominator.parse::<u64>().expect("a count") - numerator.parse::<u64>().expect("a count")).to_string());
    assert!(rows.iter().all(|row| row[7].starts_with("sources/") && row[8].parse::<u64>().is_ok()), "{records}");

    // Each record as its office sent it, but for what is about persons: the line of the file itself says so.
    let leads = province.text("sources/leads/leads.csv");
    let headers: Vec<&str> = leads.lines().next().expect("a header").trim_start_matches('\u{feff}').split(',').collect();
    for row in rows.iter().filter(|row| row[7].ends_with("leads.csv")) {
        let line = row[8].parse::<usize>().expect("a line");
        let cells: Vec<&str> = leads.lines().nth(line - 1).expect("the line").split(',').collect();
        let sent: BTreeMap<&str, &str> = row[10].split('；').filter_map(|cell| cell.split_once('=')).collect();
        assert!(sent.len() > 5, "{row:?}");
        assert!(
            sent.iter().all(|(header, cell)| headers.iter().zip(&cells).any(|(of, is)| of == header && is == cell)),
            "{sent:?} {cells:?}"
        );
        assert!(!sent.contains_key("被举报人") && !sent.contains_key("线索主体"), "{sent:?}");
    }
    let told = province.kaohe(&["explain", unit, "market.filing_within_7d", "--domain", domain, "--as-sent"]).with(0);
    assert!(told.out.contains("  原文 ") && told.out.contains("线索编号="), "{}", told.out);
    // A file that has changed is searched for the key: a line further down, and one record that is gone.
    let changed = crate::province::after(province);
    let (header, rest) = leads.split_once('\n').expect("a header");
    let first = rows.iter().find(|row| row[7].ends_with("leads.csv")).expect("a lead");
    let kept: Vec<&str> = rest.lines().filter(|line| !line.starts_with(&first[2])).collect();
    changed.write("sources/leads/leads.csv", format!("{header}\n{}\n{}\n", kept[0], kept.join("\n")));
    let told = changed.kaohe(&["explain", unit, "market.filing_within_7d", "--domain", domain, "--as-sent", "--all"]).with(0);
    assert_eq!(told.out.matches("  原文 ").count() + 1, rows.iter().filter(|row| row[7].ends_with("leads.csv")).count(), "{}", told.said());
    assert!(told.err.contains("1 record can't be shown as sent"), "{}", told.err);

    // Who moves is what a what-if says.
    let granted = text("if-granted.csv");
    let whatif =
        province.kaohe(&["whatif", "--correct", &format!("{unit}/{domain}/market.filing_within_7d={figure}"), "--rows", "0"]).with(0).out;
    let moved: Vec<&str> = granted.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    assert!(moved.contains(&unit.as_str()) && moved.iter().all(|unit| whatif.contains(unit)), "{granted}\n{whatif}");

    let inside = province.path("runs/packet").to_string_lossy().into_owned();
    let refused = province.kaohe(&["explain", unit, "market.filing_within_7d", "--packet", &inside]).with(2).said();
    assert!(refused.contains("belongs to the results of a run"), "{refused}");
    let other = into.path().join("other").to_string_lossy().into_owned();
    let wrong = ["explain", unit, "market.filing_within_7d", "--domain", domain, "--packet", &other, "--granted", "9/2"];
    assert!(province.kaohe(&wrong).with(2).said().contains("is no share"));
    assert!(province.kaohe(&asked).with(2).said().contains("is not empty"), "a packet stands alone");
}
