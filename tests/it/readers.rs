//! Readers that are not kaohe: DuckDB and delta-rs on the lake, a computation of its own on its figures, the links of the pages.
//!
//! What is not installed is skipped and said; on the build server (`CI=true`) it has to be there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::province::{Province, finished_sample, skipped};

const COUNT: &str = "
import sys
import duckdb
from deltalake import DeltaTable, QueryBuilder
for path in sys.argv[1:]:
    table = DeltaTable(path)
    files = table.file_uris()
    rows = duckdb.sql('select count(*) from read_parquet($files, union_by_name = true)', params={'files': files}).fetchall()[0][0]
    own = QueryBuilder().register('t', table).execute('select count(*) as n from t').read_all()
    print(path.rsplit('/', 1)[-1], table.version(), rows, own['n'][0].as_py())
";

#[test]
fn duckdb_and_delta_rs_count_the_same_rows_in_the_lake() {
    let (province, _) = finished_sample();
    if !Command::new("python3").args(["-c", "import duckdb, deltalake"]).output().is_ok_and(|output| output.status.success()) {
        return skipped("readers of the lake: python3 with duckdb and deltalake is not installed");
    }
    let tables = ["cases", "inspections", "leads", "units"];
    let folders = tables.map(|table| province.path(&format!("lake/{table}")));
    let output = Command::new("python3").args(["-c", COUNT]).args(&folders).output().expect("python3 runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let current = province.current().expect("a run is current");
    let expected: Vec<String> = tables
        .iter()
        .map(|table| {
            let rows = province.one(&format!("select count(*) from {table}"));
            format!("{table} {} {rows} {rows}", current["lake_versions"][*table])
        })
        .collect();
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);
}

/// Two dozen indicators drawn by lot, computed in DuckDB from their words and not from their SQL (`tests/independent/check.py`).
#[test]
fn two_dozen_indicators_agree_with_an_independent_computation() {
    let (province, _) = finished_sample();
    if !Command::new("python3").args(["-c", "import duckdb, deltalake, pyarrow"]).output().is_ok_and(|output| output.status.success()) {
        return skipped("independent computation: python3 with duckdb, deltalake and pyarrow is not installed");
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/independent/check.py");
    let output = Command::new("python3").arg(script).arg(province.path("")).output().expect("python3 runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said.lines().filter(|line| line.ends_with(" agree")).count(), 24, "{said}");
}

fn pages(province: &Province) -> (PathBuf, Vec<PathBuf>) {
    let report = province.path(&format!("runs/{}/report", province.current_run()));
    let mut pages = Vec::new();
    let mut open = vec![report.clone()];
    while let Some(folder) = open.pop() {
        for path in fs::read_dir(folder).expect("a folder of pages").flatten().map(|entry| entry.path()) {
            // Beside the pages stands a workbook.
            let is_page = path.extension().is_some_and(|ending| ending == "html");
            if path.is_dir() {
                open.push(path)
            } else if is_page {
                pages.push(path)
            }
        }
    }
    pages.sort();
    (report, pages)
}

#[test]
fn no_page_asks_the_network_for_anything() {
    let (province, _) = finished_sample();
    let (_, pages) = pages(province);
    assert!(pages.len() > 50, "only {} pages", pages.len());
    for page in pages {
        let text = fs::read_to_string(&page).expect("a page is text").replace("http://www.w3.org/2000/svg", "");
        for scheme in ["http://", "https://", "src=\"//", "href=\"//", "@import", "<script src", "fetch(", "XMLHttpRequest", "import("] {
            assert!(!text.contains(scheme), "{} contains {scheme}", page.display());
        }
        assert_eq!(text.matches("<script").count(), 1, "{}: the one that sorts and finds", page.display());
    }
}

/// A page that is moved with its tree still finds its neighbours, and no tree of one reader points into another's.
#[test]
fn every_link_leads_to_a_page_of_the_same_tree() {
    let (province, _) = finished_sample();
    let (report, pages) = pages(province);
    let tree = |path: &Path| -> PathBuf {
        let parts: Vec<_> = path.strip_prefix(&report).expect("below the report").components().collect();
        parts.iter().take(if parts[0].as_os_str() == "units" { 2 } else { 1 }).collect()
    };
    let anchors = |page: &Path| -> BTreeSet<String> {
        let text = fs::read_to_string(page).expect("a page is text");
        text.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
    };
    let mut links = 0;
    for page in &pages {
        let text = fs::read_to_string(page).expect("a page is text");
        for link in text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.clone() } else { page.parent().expect("a folder").join(file) };
            let target = target.canonicalize().unwrap_or_else(|_| panic!("{}: {link} leads nowhere", page.display()));
            assert_eq!(tree(&target), tree(page), "{}: {link} crosses over", page.display());
            assert!(anchor.is_empty() || anchors(&target).contains(anchor), "{}: {link} has no such place", page.display());
            links += 1;
        }
    }
    assert!(links > 300, "only {links} links");
}
