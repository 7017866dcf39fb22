//! National feeds load without mapping: the headers of 双公示 and of 互联网+监管.

use std::process::Command;

/// Loads one GB18030 file into `table` and returns the answer of `sql` over the new run.
fn loaded(table: &str, text: &str) -> String {
    let project = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(project.path().join("sources")).expect("a folder");
    let (bytes, _, _) = encoding_rs::GB18030.encode(text);
    std::fs::write(project.path().join("sources/feed.csv"), &bytes).expect("the feed is written");
    let config = format!("name = \"试\"\nscheme = \"2026\"\n[[source]]\ntable = \"{table}\"\npath = \"sources/*.csv\"\n");
    std::fs::write(project.path().join("kaohe.toml"), config).expect("the project is written");
    let ended = Command::new(env!("CARGO_BIN_EXE_kaohe"))
        .args(["load", "--quiet", "--as-of", "2026-06-30", "--project"])
        .arg(project.path())
        .output()
        .expect("kaohe starts");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let lake = project.path().join("lake").join(table);
    let mut rows = String::new();
    for path in parquet_files(&lake) {
        let file = std::fs::File::open(&path).expect("a lake file opens");
        let reader =
            parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet").build().expect("readable");
        for batch in reader {
            let batch = batch.expect("a batch reads");
            rows.push_str(
                &arrow::util::pretty::pretty_format_columns("row", &[std::sync::Arc::new(arrow::array::StructArray::from(batch))])
                    .expect("printable")
                    .to_string(),
            );
        }
    }
    rows
}

fn parquet_files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the lake has the table").flatten().map(|entry| entry.path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => parquet_files(&path),
            false => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "parquet"))
        .collect()
}

#[test]
fn a_double_publicity_file_in_wan_arrives_in_yuan_keyed_by_decision_number_with_no_filing_date() {
    let rows = loaded(
        "cases",
        "CF_WSH,CF_XDR_MC,CF_XDR_LB,CF_XDR_SHXYM,CF_CFLB,CF_NR_FK,CF_NR_WFFF,CF_JDRQ,CF_CFJGDM,CF_CFJG,CF_WFXW\n\
         浙杭市监罚〔2026〕1号,某某有限公司,法人及非法人组织,91330500MA1B3N1N2M,罚款,0.25,0.1,2026/3/7,11330100002489653X,某市市场监督管理局,虚假宣传\n",
    );
    for part in [
        "case_id: 浙杭市监罚〔2026〕1号",
        "fine_amount: 2500.00",
        "confiscated_amount: 1000.00",
        "decided_on: 2026-03-07",
        "party_kind: org",
        "filed_on: ,",
    ] {
        assert!(rows.contains(part), "no `{part}` in {rows}");
    }
}

#[test]
fn an_inspection_feed_with_chinese_headers_and_labels_needs_no_mapping() {
    let rows = loaded(
        "inspections",
        "记录唯一标识,监管事项目录编码,实施机构编码,行政相对人名称,检查行为编号,检查形式,检查类别,检查结果,检查时间\n\
         JC001,01234567890123,11330100002489653X,某某有限公司,XW9,现场检查,重点检查,未发现问题,2026年3月7日\n",
    );
    for part in ["inspection_id: JC001", "checked_on: 2026-03-07", "result: no_problem", "form: onsite", "kind: key"] {
        assert!(rows.contains(part), "no `{part}` in {rows}");
    }
}
