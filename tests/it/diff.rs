//! What moved between two runs: nothing between equal ones, else every cause by itself, and together the whole move.

use std::path::Path;

use arrow::array::ArrayRef;
use arrow::util::display::array_value_to_string;
use datafusion::prelude::{ParquetReadOptions, SessionContext};

use crate::province::{Province, after, finished_small};

fn shipped(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("queries").join(file)).expect("a file of the library")
}

fn changed(file: &str, old: &str, new: &str) -> String {
    let text = shipped(file);
    assert!(text.contains(old), "{file}: {old}");
    text.replacen(old, new, 1)
}

/// The first row of a query over a table that a comparison wrote.
fn row_of(province: &Province, table: &str, select: &str, condition: &str) -> Vec<String> {
    let path = province.path(&format!("diff/{table}.parquet")).to_string_lossy().into_owned();
    let query = async {
        let context = SessionContext::new();
        context.register_parquet("found", path, ParquetReadOptions::default()).await?;
        context.sql(&format!("select {select} from found where {condition}")).await?.collect().await
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let batches = runtime.block_on(query).expect("an answer");
    let batch = batches.iter().find(|batch| batch.num_rows() > 0).expect("a row");
    let text = |column: &ArrayRef| array_value_to_string(column, 0).expect("a text");
    batch.columns().iter().map(text).collect()
}

#[test]
fn a_run_and_its_repetition_differ_in_nothing() {
    let province = after(finished_small());
    province.run().with(0);
    let said = province.kaohe(&["diff"]).with(0).out;
    assert!(said.contains("nothing changed: the same records, texts and program, and the same results to the byte"), "{said}");
}

#[test]
fn every_cause_of_a_move_is_told_by_itself_and_together_they_are_the_move() {
    let province = after(finished_small());
    let first = province.current_run();
    // A limit, a definition, a weight, a unit's place, and cases that were withdrawn.
    let clocks = shipped("clocks.toml");
    let (head, tail) = clocks.split_once("name = \"investigation.target\"").expect("the clock");
    province
        .write("queries/clocks.toml", format!("{head}name = \"investigation.target\"{}", tail.replacen("amount = 60", "amount = 20", 1)));
    let definition = changed("indicators/procedure/decision_timeliness.sql", "decided_on <= due_on", "decided_on < due_on - 20");
    province.write("queries/indicators/procedure/decision_timeliness.sql", definition);
    let scheme = "queries/schemes/2026.toml";
    province.replace(
        scheme,
        "id = \"procedure.delivery_timeliness\"\nnode = \"procedure\"\npoints = 3",
        "id = \"procedure.delivery_timeliness\"\nnode = \"procedure\"\npoints = 2",
    );
    province.replace(
        scheme,
        "id = \"procedure.document_standard_rate\"\nnode = \"procedure\"\npoints = 3",
        "id = \"procedure.document_standard_rate\"\nnode = \"procedure\"\npoints = 4",
    );
    let cases = std::fs::read_dir(province.path("sources/cases")).expect("cases").next().expect("a file").expect("a file").path();
    let text = std::fs::read(&cases).expect("cases");
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    std::fs::write(&cases, [&lines[..lines.len() * 4 / 5], &[b"".as_slice()]].concat().join(&b'\n')).expect("cases");
    province.run();
    let second = province.current_run();
    assert_ne!(first, second, "the second run is published");

    let said = province.kaohe(&["diff", &first, &second, "--into", &province.path("diff").to_string_lossy()]).with(0).out;
    for told in ["queries/clocks.toml", "investigation.target", "procedure.decision_timeliness", "queries/schemes/2026.toml", "cases"] {
        assert!(said.contains(told), "{told}: {said}");
    }
    let sums = "by_data + by_clocks + by_definition + by_scheme + by_units + by_engine";
    let apart = format!(
        "count(*) filter (where {sums} <> total_after - total_before), count(*) filter (where {sums} = total_after - total_before)"
    );
    let apart = row_of(&province, "diff_objects", &apart, "true");
    assert_eq!(apart[0], "0", "the causes add up to the move of every total");
    assert_ne!(apart[1], "0");
    let of = |cause: &str| format!("count(*) filter (where by_{cause} <> 0)");
    let moved = ["data", "clocks", "definition", "scheme", "engine"].map(of).join(", ");
    let moved: Vec<bool> = row_of(&province, "diff_objects", &moved, "true").iter().map(|count| count != "0").collect();
    assert_eq!(moved, [true, true, true, true, false], "every cause moved somebody, and the program nobody");
    let by =
        |indicator: &str| row_of(&province, "diff_indicators", "by_data, by_clocks, by_definition", &format!("indicator = '{indicator}'"));
    assert_eq!(by("procedure.decision_timeliness")[2], "true");
    assert_eq!(by("procedure.investigation_timeliness")[1..], ["true", "false"]);
    let page = province.text("diff/difference.html");
    assert!(page.contains("分数变化的原因") && !page.contains("http:") && !page.contains("https:"));
}

#[test]
fn a_run_that_is_not_there_is_named_and_what_a_run_has_read_is_kept_as_it_was() {
    let province = after(finished_small());
    let run = province.current_run();
    let refused = province.kaohe(&["diff", "20200101T000000-0000", &run]).with(2).said();
    assert!(refused.contains("20200101T000000-0000") && refused.contains("kaohe runs"), "{refused}");
    let refused = province.kaohe(&["diff"]).with(2).said();
    assert!(refused.contains("no run was published before"), "{refused}");
    let kept = std::fs::read_dir(province.path("texts")).expect("texts").next().expect("a text").expect("a text").path();
    let name = kept.file_name().expect("a name").to_string_lossy().into_owned();
    std::fs::write(&kept, "better").expect("changed");
    let refused = province.kaohe(&["diff", &run, &run]).with(3).said();
    assert!(refused.contains(&name) && refused.contains("changed after it was kept"), "{refused}");
}
