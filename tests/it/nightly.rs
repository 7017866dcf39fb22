//! The nightly job from end to end: what it promises on a first run, on a rerun, and on the same facts in another form.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use arrow::util::pretty::pretty_format_batches;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::province::{AS_OF, FIGURES, Province, after, finished_sample, finished_small, kaohe, night_without_transfers};

fn queries(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("queries").join(folder)
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is no number"))
}

#[test]
fn the_samples_are_what_the_command_in_their_readme_writes() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("data-samples");
    let readme = fs::read_to_string(samples.join("README.md")).expect("a README");
    let command = readme.split("`kaohe ").find_map(|rest| rest.split_once(" --out DIR`")).expect("the command").0.to_owned();
    let made = tempfile::tempdir().expect("a temporary folder");
    let mut arguments: Vec<&str> = command.split(' ').collect();
    let out = made.path().to_string_lossy().into_owned();
    arguments.extend(["--out", &out]);
    kaohe(&arguments).with(0);
    let generated = |root: &Path| -> BTreeMap<PathBuf, Vec<u8>> {
        // What a run left beside them is no part of the samples.
        let own = |name: &PathBuf| !["lake", "runs", "current.json"].iter().any(|left| name.starts_with(left));
        let read = |name: PathBuf| (name.clone(), fs::read(root.join(name)).expect("a file"));
        files_below(root).into_iter().filter(own).map(read).collect()
    };
    let (found, expected) = (generated(&samples), generated(made.path()));
    assert!(found.keys().eq(expected.keys()), "{:?} instead of {:?}", found.keys(), expected.keys());
    let other: Vec<&PathBuf> = found.iter().filter(|(name, bytes)| expected[*name] != **bytes).map(|(name, _)| name).collect();
    assert!(other.is_empty(), "simulate again: `kaohe {command} --out data-samples`; these differ: {other:?}");
}

#[test]
fn a_first_run_on_the_samples_ends_with_0_six_lines_and_a_page() {
    let (province, ended) = finished_sample();
    assert_eq!(ended.code, Some(0), "{}", ended.said());
    let heads: Vec<&str> = ended.out.lines().map(|line| line.split_whitespace().next().unwrap_or("")).collect();
    assert_eq!(heads, ["loaded", "assessed", "findings", "held", "took", "published"], "{}", ended.out);
    assert!(ended.out.contains("held       nothing"), "{}", ended.out);
    let run = province.current_run();
    let page = format!("runs/{run}/report/office/index.html");
    assert!(ended.out.contains(&page), "{}", ended.out);
    assert!(province.text(&page).contains("<h1"));
    province.assert_readers_see_a_complete_run();
    for left in ["journal.jsonl", "run_results.json", "manifest.json", "lineage.jsonl", "metrics.prom"] {
        assert!(province.path(&format!("runs/{run}/{left}")).is_file(), "{left} is missing");
    }
    assert!(!province.path(&format!("runs/{run}/staging")).exists(), "staging was left behind");
}

#[test]
fn every_source_file_has_an_account_that_balances() {
    let (province, _) = finished_sample();
    let rows = province.sql(
        "select source_file, bytes_size, bytes_read, records_seen + expanded, loaded + quarantined + duplicates + filtered, loaded, \"table\", balanced
         from accounting",
    );
    let mut loaded: BTreeMap<String, u64> = BTreeMap::new();
    for row in &rows {
        assert_eq!(row[1], fs::metadata(province.path(&row[0])).expect("the file is there").len().to_string(), "size of {}", row[0]);
        assert_eq!(row[1], row[2], "bytes of {}", row[0]);
        assert_eq!(row[3], row[4], "records of {}", row[0]);
        assert_eq!(row[7], "true", "{}", row[0]);
        *loaded.entry(row[6].clone()).or_default() += row[5].parse::<u64>().expect("a count");
    }
    let named: BTreeSet<PathBuf> = rows.iter().map(|row| province.path(&row[0])).collect();
    let mut delivered = BTreeSet::new();
    for folder in fs::read_dir(province.path("sources")).expect("sources").flatten() {
        delivered.extend(fs::read_dir(folder.path()).expect("a folder of sources").flatten().map(|file| file.path()));
    }
    assert_eq!(named, delivered);
    let results = province.results_of(&province.current_run());
    for (table, rows) in loaded {
        assert_eq!(results["tables"][&table]["rows"].as_u64(), Some(rows), "rows of {table} in the lake");
    }
}

/// The counter that kaohe itself uses is not the judge of it: the records of each UTF-8 CSV are counted again by another parser.
#[test]
fn no_record_of_a_csv_is_missing_from_its_account() {
    let (province, _) = finished_sample();
    let seen = province.sql("select source_file, records_seen from accounting where format = 'csv'");
    assert!(seen.len() > 20);
    for row in seen {
        let bytes = province.read(&row[0]);
        let text =
            if std::str::from_utf8(&bytes).is_ok() { String::from_utf8_lossy(&bytes) } else { encoding_rs::GB18030.decode(&bytes).0 };
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        assert_eq!(row[1], reader.records().count().to_string(), "{}", row[0]);
    }
}

/// A province in which every rate is 0 or 100 % would show nothing.
///
/// Read are all rates of the samples over the whole period, one for each unit and domain, scored or not, of however few cases; the burden
/// index is no rate. Over all indicators together four fifths lie between; and in each indicator that ten units or more have of five
/// cases or more, half: where good practice is usual (records that agree, inspections filed before), a unit without a fault is nothing odd.
#[test]
fn four_fifths_of_the_rates_lie_strictly_between_0_and_1() {
    let (province, _) = finished_sample();
    let ratios = indicators(|header| !header.contains("shape = "));
    let rows = province.sql(
        "select indicator, numerator > 0 and numerator < denominator, denominator >= 5 from \"values\" \
         where denominator > 0 and numerator is not null order by indicator",
    );
    let mut shares: BTreeMap<&str, [(usize, usize); 2]> = BTreeMap::new();
    for row in rows.iter().filter(|row| ratios.contains(&row[0])) {
        let counted = shares.entry(&row[0]).or_default();
        for (inside, all) in counted.iter_mut().take(1 + usize::from(row[2] == "true")) {
            *inside += usize::from(row[1] == "true");
            *all += 1;
        }
    }
    for (indicator, [(inside, all), _]) in &shares {
        println!("{indicator:<45} {inside:>3} of {all:>3} = {:>5.1} %", *inside as f64 * 100.0 / *all as f64);
    }
    let (inside, all) = shares.values().fold((0, 0), |sum, [share, _]| (sum.0 + share.0, sum.1 + share.1));
    println!("all {inside} of {all}");
    assert!(shares.len() >= 100, "only {} indicators have rates", shares.len());
    assert!(inside * 5 >= all * 4, "{inside} of {all}");
    let broad: Vec<_> = shares.iter().filter(|(_, [_, (_, all)])| *all >= 10).collect();
    assert!(broad.len() >= 50, "only {} indicators have rates of ten units", broad.len());
    for (indicator, [_, (inside, all)]) in broad {
        assert!(inside * 2 >= *all, "{indicator}: {inside} of {all}");
    }
}

/// Ids of the indicators whose header is as asked.
fn indicators(wanted: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for namespace in fs::read_dir(queries("indicators")).expect("indicators").flatten() {
        for file in fs::read_dir(namespace.path()).expect("a namespace").flatten() {
            let text = fs::read_to_string(file.path()).expect("an indicator is text");
            let header = text.split("-- ///").nth(1).expect("an indicator has a header");
            if wanted(header) {
                let stem = file.path().file_stem().expect("a name").to_string_lossy().into_owned();
                ids.insert(format!("{}.{stem}", namespace.file_name().to_string_lossy()));
            }
        }
    }
    ids
}

#[test]
fn every_reason_for_leaving_a_row_out_stands_in_the_samples() {
    let (province, _) = finished_sample();
    let (library, _) = kaohe::library::Library::read(None).expect("the shipped library reads");
    let context = datafusion::prelude::SessionContext::new();
    let (dependencies, _) = kaohe::compute::populations::Dependencies::of(&context, &library);
    let codes = exclusion_codes();
    let reads: Vec<String> = codes
        .keys()
        .map(|name| format!("select '{name}' as population, excluded_because from {name} where excluded_because is not null group by 2"))
        .collect();
    let mut hit: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in province.sql(&reads.join(" union all ")) {
        hit.entry(row[0].clone()).or_default().insert(row[1].clone());
    }
    let mut missing = BTreeSet::new();
    for (population, codes) in &codes {
        let hit = hit.remove(population).unwrap_or_default();
        let known: BTreeSet<String> = dependencies.exclusions_of(&library, population).into_keys().collect();
        assert!(hit.is_subset(&known), "`{population}` has codes without a sentence: {hit:?} of {known:?}");
        // A CASE over states in the same SELECT reads like one over reasons; a reason has its sentence.
        let reasons = codes.intersection(&known).filter(|code| !hit.contains(*code));
        missing.extend(reasons.map(|code| format!("{population}.{code}")));
    }
    // A province that sends nothing to the platform can't stand beside one that does; the page of the indicator tries it.
    let of_another_province = BTreeSet::from(["reconciled_records.no_platform".to_owned()]);
    assert_eq!(missing, of_another_province, "no row of the samples is left out because of one of these");
}

/// Population → codes that its SQL can write into `excluded_because`, for populations that an indicator reads.
fn exclusion_codes() -> BTreeMap<String, BTreeSet<String>> {
    let mut all = BTreeMap::new();
    for file in fs::read_dir(queries("populations")).expect("populations").flatten() {
        let text = fs::read_to_string(file.path()).expect("a population is text");
        let sql: String = text.lines().filter(|line| !line.trim_start().starts_with("--")).collect::<Vec<_>>().join("\n");
        let mut codes = BTreeSet::new();
        // In the further parts of a UNION the last column has no name.
        let unnamed = |rest: &str| sql.contains("UNION ALL") && rest["END".len()..].trim_start().starts_with("FROM");
        let is_end = |at: &usize| sql[*at..].starts_with("END AS excluded_because") || unnamed(&sql[*at..]);
        for end in sql.match_indices("END").map(|(at, _)| at).filter(is_end) {
            let expression = &sql[opening_case(&sql, end)..end];
            codes.extend(results_of_case(expression));
        }
        if !codes.is_empty() {
            all.insert(file.path().file_stem().expect("a name").to_string_lossy().into_owned(), codes);
        }
    }
    assert!(all.len() >= 14, "exclusion codes were found in only {} populations", all.len());
    all
}

/// Where the CASE begins that ends at `end`.
fn opening_case(sql: &str, end: usize) -> usize {
    let mut depth = 1;
    let mut rest = end;
    while depth > 0 {
        let separator = sql[..rest].char_indices().rev().find(|(_, c)| !c.is_alphanumeric() && *c != '_');
        let (before, gap) = separator.unwrap_or_else(|| panic!("no CASE before the end of one in {sql}"));
        let word = before + gap.len_utf8();
        match &sql[word..rest] {
            "END" => depth += 1,
            "CASE" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return word;
        }
        rest = before;
    }
    rest
}

/// Literals that a CASE yields; where it passes on the column that an IN list tests, that list.
fn results_of_case(expression: &str) -> BTreeSet<String> {
    let quoted = |text: &str| -> Vec<String> { text.split('\'').skip(1).step_by(2).map(str::to_owned).collect() };
    let mut codes = BTreeSet::new();
    let branches: Vec<&str> = expression.split("WHEN ").collect();
    for branch in branches {
        let (condition, result) = branch.split_once("THEN ").unwrap_or(("", ""));
        let (result, otherwise) = result.split_once("ELSE ").unwrap_or((result, ""));
        for part in [result.trim(), otherwise.trim()] {
            match part.strip_prefix('\'') {
                Some(rest) => codes.extend(rest.split('\'').next().map(str::to_owned)),
                None if part.is_empty() || part.starts_with("CASE") || part.starts_with("NULL") => {}
                None => codes.extend(condition.split_once(" IN (").map(|(_, list)| quoted(list)).unwrap_or_default()),
            }
        }
    }
    codes
}

#[test]
fn what_a_parent_has_is_the_exact_sum_of_what_its_children_have() {
    let (province, _) = finished_sample();
    let parents: BTreeMap<String, String> = province
        .sql("select unit_id, parent_unit_id from units where parent_unit_id is not null")
        .into_iter()
        .map(|row| (row[0].clone(), row[1].clone()))
        .collect();
    let summed = indicators(|header| !header.contains("window = ") && !header.contains("rollup = ") && !header.contains("shape = "));
    assert!(summed.len() >= 8, "{summed:?}");
    let mut expected: BTreeMap<[String; 4], [i128; 4]> = BTreeMap::new();
    let mut found = BTreeMap::new();
    for row in province.sql("select indicator, subject, domain, month, scope, numerator, denominator, pending, excluded from measures") {
        if !summed.contains(&row[0]) {
            continue;
        }
        let amounts = [5, 6, 7, 8].map(|column| (number(&row[column]) * 10_000.0).round() as i128);
        if row[4] == "subtree" {
            found.insert([row[0].clone(), row[1].clone(), row[2].clone(), row[3].clone()], amounts);
            continue;
        }
        let mut unit = Some(&row[1]);
        while let Some(above) = unit {
            let sums = expected.entry([row[0].clone(), above.clone(), row[2].clone(), row[3].clone()]).or_default();
            for (sum, amount) in sums.iter_mut().zip(amounts) {
                *sum += amount;
            }
            unit = parents.get(above);
        }
    }
    assert!(found.len() > 500, "only {} sums", found.len());
    let keys: BTreeSet<_> = found.keys().chain(expected.keys()).collect();
    let different: Vec<_> = keys.into_iter().filter(|key| found.get(*key) != expected.get(*key)).collect();
    assert!(different.is_empty(), "{different:?}");
    let above = found.keys().filter(|key| parents.values().any(|parent| *parent == key[1])).count();
    assert!(above > 100, "only {above} sums are those of a parent");
}

#[test]
fn a_rerun_gives_the_same_bytes_and_leaves_the_lake_alone() {
    let finished = finished_small();
    let province = after(finished);
    let again = province.run().with(0);
    assert!(again.out.contains("months 0 written"), "{}", again.out);
    let (before, now) = (finished.tables(), province.tables());
    assert_eq!(before.keys().collect::<Vec<_>>(), now.keys().collect::<Vec<_>>());
    let changed: Vec<&String> = before.iter().filter(|(table, bytes)| now[*table] != **bytes).map(|(table, _)| table).collect();
    assert!(changed.is_empty(), "a rerun changed {changed:?}");
    let versions = |province: &Province| province.current().expect("a run is current")["lake_versions"].clone();
    assert_eq!(versions(finished), versions(&province));
    // Other tests read the shared province meanwhile; what a reader sets aside is gone when it ends.
    let lake = |province: &Province| files_below(&province.path("lake")).into_iter().filter(|file| !file.starts_with(".spill"));
    assert_eq!(lake(finished).collect::<Vec<_>>(), lake(&province).collect::<Vec<_>>(), "files of the lake");
    assert_eq!(province.runs().len(), 2);
    province.assert_readers_see_a_complete_run();
}

fn files_below(folder: &Path) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for path in fs::read_dir(next).expect("a folder is read").flatten().map(|entry| entry.path()) {
            match path.is_dir() {
                true => open.push(path),
                false => drop(files.insert(path.strip_prefix(folder).expect("below").to_owned())),
            }
        }
    }
    files
}

/// Where memory is short, one population is made after the other and waits on disk; where it is plenty, several are made at once and stay.
#[test]
fn the_memory_limit_changes_no_figure() {
    let province = after(finished_small());
    fs::remove_dir_all(province.path("counts")).expect("nothing is kept");
    province.kaohe(&["run", "--memory-limit", "2GiB"]).with(0);
    assert_same_figures(finished_small(), &province);
}

/// One table after the other takes another form: rows turned round, cut in two files, a workbook, GB18030.
#[test]
fn the_form_in_which_the_facts_are_sent_changes_no_figure() {
    let finished = finished_small();
    let province = Province::small();
    let mut forms = 0;
    let mut tables: Vec<PathBuf> = fs::read_dir(province.path("sources")).expect("sources").flatten().map(|entry| entry.path()).collect();
    tables.sort();
    for folder in tables {
        let mut files: Vec<PathBuf> = fs::read_dir(&folder)
            .expect("a source")
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|end| end == "csv"))
            .collect();
        files.sort();
        let table = folder.file_name().expect("a name").to_string_lossy().into_owned();
        for file in files {
            send_in_another_form(&province, &table, &file, forms);
            forms += 1;
        }
    }
    assert!(forms > 20);
    province.run().with(0);
    assert_same_figures(finished, &province);
    let versions = |province: &Province| province.sql("select \"table\", sum(loaded) from accounting group by 1 order by 1");
    assert_eq!(versions(finished), versions(&province));
    let forms = province.sql("select distinct format || encoding from accounting");
    for form in ["csvgb18030", "csvUTF-8", "xlsx"] {
        assert!(forms.iter().any(|row| row[0] == form), "{form} is not among {forms:?}");
    }
}

#[track_caller]
fn assert_same_figures(one: &Province, other: &Province) {
    let (one, other) = (one.tables(), other.tables());
    let changed: Vec<&str> = FIGURES.into_iter().filter(|table| one[*table] != other[*table]).collect();
    assert!(changed.is_empty(), "{changed:?} differ");
}

/// Header and records of a CSV, decoded.
fn records(file: &Path) -> Vec<csv::StringRecord> {
    let bytes = fs::read(file).expect("a source");
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text.trim_start_matches('\u{feff}').to_owned(),
        Err(_) => encoding_rs::GB18030.decode(&bytes).0.into_owned(),
    };
    let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|record| record.expect("a record")).collect()
}

fn csv_text<'a>(header: &csv::StringRecord, records: impl Iterator<Item = &'a csv::StringRecord>) -> String {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    writer.write_record(header).expect("a line");
    records.for_each(|record| writer.write_record(record).expect("a line"));
    String::from_utf8(writer.into_inner().expect("a buffer")).expect("text")
}

fn send_in_another_form(province: &Province, table: &str, file: &Path, form: usize) {
    let all = records(file);
    let (header, rows) = all.split_first().expect("a source has a header");
    let encoding = format!("path = \"sources/{table}/*.csv\"\nencoding = \"gb18030\"");
    let is_declared = province.text("kaohe.toml").contains(&encoding);
    // Another source may read this very file, by name.
    let name = file.file_name().expect("a name").to_string_lossy();
    let is_named = province.text("kaohe.toml").contains(&format!("sources/{table}/{name}\""));
    match form % 4 {
        0 => fs::write(file, encoded(&csv_text(header, rows.iter().rev()), is_declared)).expect("written"),
        1 if !is_named => {
            let (first, second) = rows.split_at(rows.len() / 2);
            fs::write(file, encoded(&csv_text(header, second.iter()), is_declared)).expect("written");
            fs::write(file.with_extension("more.csv"), encoded(&csv_text(header, first.iter()), is_declared)).expect("written");
        }
        2 if !is_declared && !is_named => {
            fs::remove_file(file).expect("removed");
            write_workbook(&file.with_extension("xlsx"), &all);
            province.replace("kaohe.toml", &format!("sources/{table}/*.csv"), &format!("sources/{table}/*.xlsx"));
        }
        _ => fs::write(file, encoded(&csv_text(header, rows.iter()), true)).expect("written"),
    }
}

fn encoded(text: &str, in_gb18030: bool) -> Vec<u8> {
    if in_gb18030 { encoding_rs::GB18030.encode(text).0.into_owned() } else { text.as_bytes().to_vec() }
}

fn write_workbook(path: &Path, rows: &[csv::StringRecord]) {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    for (row, record) in rows.iter().enumerate() {
        for (column, cell) in record.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            sheet.write_string(row as u32, column as u16, cell).expect("a cell");
        }
    }
    workbook.save(path).expect("a workbook");
}

#[test]
fn a_held_synergy_index_shows_the_figures_of_the_run_before_and_since_when() {
    let finished = finished_small();
    let province = night_without_transfers();
    province.assert_readers_see_a_complete_run();
    for table in ["synergy_pairs", "synergy_regions"] {
        let rows = format!("select * from {table} order by 1, 2, 3, 4");
        assert!(!finished.sql(&rows).is_empty());
        assert_eq!(province.sql(&rows), finished.sql(&rows), "{table}");
    }
    let values = |province: &Province, condition: &str| {
        let columns = "unit_id, domain, value, denominator, score";
        province
            .sql(&format!("select {columns} from \"values\" where indicator = 'eco.cross_region_synergy' and {condition} order by 1, 2"))
    };
    assert_eq!(values(province, "status = 'held' and value is not null"), values(finished, "status = 'scored'"));
    assert_eq!(values(province, "status = 'scored'"), Vec::<Vec<String>>::new());
    assert_eq!(province.one("select since from held where name = 'eco.cross_region_synergy'"), AS_OF);
    let page = province.text(&format!("runs/{}/report/office/synergy.html", province.current_run()));
    assert!(page.contains("沿用上次结果（截至 2026-06-30）"));
}

#[test]
fn a_detector_of_a_held_table_looks_for_nothing_and_what_it_said_before_is_not_gone() {
    let province = night_without_transfers();
    let failed = province.results_of(&province.current_run())["failed_detectors"].clone();
    assert_eq!(failed["ping_pong_transfer"].as_str(), Some("source table lead_transfers is held"), "{failed}");
    assert!(failed.get("case_splitting").is_none(), "{failed}");
    let found = "select count(*) from findings where detector = 'ping_pong_transfer'";
    assert_ne!(finished_small().one(found), "0");
    assert_eq!(province.one(found), "0");
    assert_eq!(province.one("select count(*) from findings_resolved where detector = 'ping_pong_transfer'"), "0");
    let page = province.text(&format!("runs/{}/report/office/findings.html", province.current_run()));
    assert!(page.contains("以下检测规则未能运行"), "the page does not say that nobody looked");
}

#[test]
fn explain_and_a_units_own_page_show_its_side_of_the_borders_and_every_duty_that_it_missed() {
    let (province, _) = finished_sample();
    let scored = "select u.unit_id, u.region_code, sum(p.denominator - p.numerator) from \"values\" v join units u using (unit_id)
        join synergy_pairs p on p.region = u.region_code and p.domain = 'eco' and p.part in ('T', 'A', 'R') and p.scored
        where v.indicator = 'eco.cross_region_synergy' and v.status = 'scored' group by 1, 2 having sum(p.denominator - p.numerator) > 0 order by 1";
    let rows = province.sql(scored);
    assert!(!rows.is_empty(), "no region of the samples has an index");
    for row in rows {
        let missed = number(&row[2]);
        let explained = province.kaohe(&["explain", &row[0], "eco.cross_region_synergy"]).with(0).out;
        assert!(explained.contains("P 联合巡查") && explained.contains(&format!("共 {missed} 条")), "{explained}");
        let traced = explained.lines().filter(|line| line.contains(" sources/")).count();
        assert_eq!(traced as f64, missed, "{explained}");
        let folder: String = row[0].chars().map(|c| if c.is_ascii_uppercase() { c.to_ascii_lowercase() } else { c }).collect();
        let pages = fs::read_dir(province.path(&format!("runs/{}/report/units", province.current_run()))).expect("pages").flatten();
        let own = pages.map(|entry| entry.path()).find(|path| path.to_string_lossy().replace('~', "").ends_with(&folder)).expect("a page");
        let page = fs::read_to_string(own.join("index.html")).expect("the page is text");
        assert!(page.contains("跨区域协同：本区域一方各分项") && page.contains(&format!("拉低得分 {missed} 条")), "{}", row[0]);
    }
}

#[test]
fn synergy_and_burden_of_a_period_that_is_over_end_with_it() {
    let province = after(finished_small());
    province.kaohe(&["run", "--period", "2026-Q1"]).with(0);
    let patrols = "select max(denominator) = 1 from synergy_pairs where part = 'P' and domain = 'eco'";
    assert_eq!(province.one(patrols), "true", "a patrol a quarter is due, and one quarter is the period's");
    assert_eq!(province.one("select max(quarter) from burden"), "2026Q1");
    let half_year = finished_small();
    let due = "select sum(denominator) from synergy_pairs where part in ('T', 'A', 'R')";
    assert!(number(&province.one(due)) < number(&half_year.one(due)));
}

#[test]
fn answers_about_no_domain_in_particular_reach_every_units_score() {
    let province = after(finished_small());
    let file = province.path("sources/survey_responses/survey_responses.csv");
    let all = records(&file);
    let column = all[0].iter().position(|head| head == "领域").expect("the survey names its domain");
    let without = |record: &csv::StringRecord| record.iter().enumerate().map(|(at, cell)| if at == column { "" } else { cell }).collect();
    let rows: Vec<csv::StringRecord> = all[1..].iter().map(without).collect();
    fs::write(&file, csv_text(&all[0], rows.iter())).expect("written");
    province.run().with(0);
    let scored = "select distinct score is not null from \"values\" where indicator = 'perception.survey_mean_score'";
    let regions = "and unit_id in (select u.unit_id from units u join survey_responses s on s.region_code = substr(u.region_code, 1, 6))";
    assert_eq!(province.sql(&format!("{scored} {regions}")), [["true"]]);
}

/// What no page, result table or log may ever hold.
const SECRET: &str = "慕容不可示";

/// Every personal column of the contracts is filled with a name that stands nowhere else; then everything a run emits is searched.
#[test]
fn what_is_personal_reaches_neither_page_nor_result_table_nor_log() {
    let finished = finished_small();
    let province = Province::small();
    let mut planted = Vec::new();
    // The last source is a mapping over a file of cases, which this test writes anew with other headers.
    let toml = province.text("kaohe.toml");
    let (sources, _) = toml.split_once("\n# 省级单位").expect("the mapped source stands last");
    province.write("kaohe.toml", sources);
    for (table, columns) in personal_columns() {
        let rows = finished.kaohe(&["sql", "-c", &format!("select * from {table}"), "--format", "csv"]).with(0).out;
        let mut reader = csv::Reader::from_reader(rows.as_bytes());
        let header = reader.headers().expect("a header").clone();
        let secret = |column: &str| columns.iter().any(|personal| personal == column);
        let row = |record: csv::StringRecord| {
            header.iter().zip(record.iter()).map(|(name, cell)| if secret(name) { SECRET } else { cell }.to_owned()).collect()
        };
        let records: Vec<csv::StringRecord> = reader.records().map(|record| row(record.expect("a record"))).collect();
        fs::remove_dir_all(province.path(&format!("sources/{table}"))).expect("the old source is removed");
        province.write(&format!("sources/{table}/{table}.csv"), csv_text(&header, records.iter()));
        let toml = province.text("kaohe.toml").replace("encoding = \"gb18030\"\n", "");
        let ends = ["csv", "jsonl", "xlsx", "parquet"]
            .into_iter()
            .fold(toml, |toml, end| toml.replace(&format!("sources/{table}/*.{end}"), &format!("sources/{table}/*.csv")));
        province.write("kaohe.toml", ends);
        planted.extend(columns.into_iter().map(|column| (table.clone(), column)));
    }
    let ended = province.run();
    assert!(ended.code == Some(0), "{}", ended.said());
    let counts = planted.iter().map(|(table, column)| {
        format!("select '{table}.{column}' as place, count(*) as cells from {table} where cast({column} as varchar) like '%{SECRET}%'")
    });
    for row in province.sql(&counts.collect::<Vec<_>>().join(" union all ")) {
        assert_ne!(row[1], "0", "nothing was planted in {}", row[0]);
    }
    assert!(planted.len() >= 30, "{planted:?}");
    let run = province.current_run();
    let mut searched = 0;
    for file in files_below(&province.path(&format!("runs/{run}"))).iter().filter(|file| !file.starts_with("quarantine")) {
        if file.extension().is_none_or(|end| end != "parquet") {
            let bytes = province.read(&format!("runs/{run}/{}", file.display()));
            assert!(!String::from_utf8_lossy(&bytes).contains(SECRET), "{} shows what is personal", file.display());
            searched += 1;
        }
    }
    assert!(searched > 20, "only {searched} files were searched");
    for table in province.tables().keys() {
        let file = fs::File::open(province.path(&format!("runs/{run}/tables/{table}.parquet"))).expect("a result table");
        for batch in ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet").build().expect("rows") {
            let rows = pretty_format_batches(&[batch.expect("rows")]).expect("shown").to_string();
            assert!(!rows.contains(SECRET), "the result table {table} holds what is personal");
        }
    }
    assert!(!ended.said().contains(SECRET));
}

/// Table → its personal columns that hold text.
fn personal_columns() -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::new();
    for file in fs::read_dir(queries("tables")).expect("contracts").flatten() {
        let text = fs::read_to_string(file.path()).expect("a contract is text");
        let contract: toml::Table = text.parse().expect("a contract is TOML");
        let columns = contract["column"].as_array().expect("a contract has columns");
        let is_personal = |column: &&toml::Value| column.get("sensitivity").and_then(toml::Value::as_str) == Some("personal");
        let is_text = |column: &&toml::Value| matches!(column["type"].as_str(), Some("text" | "list")) && column.get("enum").is_none();
        let names: Vec<String> =
            columns.iter().filter(is_personal).filter(is_text).map(|column| column["name"].as_str().expect("a name").to_owned()).collect();
        if !names.is_empty() {
            all.insert(file.path().file_stem().expect("a name").to_string_lossy().into_owned(), names);
        }
    }
    all
}

#[test]
fn what_a_reviewer_dismissed_leaves_the_list_and_moves_no_score() {
    let (sample, _) = finished_sample();
    let province = after(sample);
    let figures = || ["scores", "ranks"].map(|table| province.read(&format!("runs/{}/tables/{table}.parquet", province.current_run())));
    let before = figures();
    let open =
        "select finding_id || '-' || evidence_digest, unit_id, detector from findings where state = 'new' order by worth desc limit 1";
    let open = province.sql(open);
    let [number, unit, detector] = open[0].as_slice() else { panic!("{open:?}") };
    let source = "sources/findings_review/findings_review.csv";
    let line = format!("{number},{unit},,{detector},20260629,排除,府监督〔2026〕9号,FH001,2026-06-29 18:00:00,2026-06-29 18:00:00\n");
    province.write(source, province.text(source) + &line);
    province.run().with(0);
    let states = province.sql(&format!("select state, decision, document from findings where finding_id = '{}'", &number[..12]));
    assert_eq!(states, [["reviewed", "dismissed", "府监督〔2026〕9号"]]);
    assert!(figures() == before, "a decision moves no score");
    let page = province.text(&format!("runs/{}/report/office/findings.html", province.current_run()));
    let (list, decided) = page.split_once("id=\"reviewed\"").expect("decided findings have a part of their own");
    assert!(!list.contains(number.as_str()) && decided.contains(number.as_str()));
    // A quarter in between has findings of its own, and the year goes on from the year.
    let counted = |state: &str| province.one(&format!("select count(*) from findings where state = '{state}'"));
    let open = province.one("select count(*) from findings where state <> 'reviewed'");
    for (day, period) in [("2026-06-30", "2026-Q2"), ("2026-07-01", "2026")] {
        crate::province::kaohe(&["run", "--project", &province.folder(), "--as-of", day, "--period", period]).with(0);
    }
    assert_ne!(open, "0");
    assert!(counted("standing").parse::<u32>().expect("a number") > 0, "{open} of them are known since the day before");
}

/// The run of 30 June saw January to May as they were frozen; in July two cases of April are gone from the extract, without a word in any column.
#[test]
fn what_vanished_after_its_month_was_frozen_is_counted_by_the_versions_of_the_lake() {
    let province = after(finished_small());
    let compared = "from finding_tests where detector = 'post_cutoff_edit' and sign = '与截止时的内容不同'";
    assert_eq!(province.one(&format!("select count(*) {compared}")), "0", "nothing was frozen before the first run");
    let events = "opened_on, filed_on, investigated_on, decided_on, delivered_on, performed_on, closed_on, day_of(transferred_at)";
    let april = "between date '2026-04-01' and date '2026-04-30'";
    let closed = format!(
        "select case_id from cases where closed_on is not null and greatest({events}) {april} and not coalesce(source_operation = 'delete', false) order by 1 limit 2"
    );
    let gone: Vec<String> = province.sql(&closed).into_iter().flatten().collect();
    assert_eq!(gone.len(), 2);
    for file in fs::read_dir(province.path("sources/cases")).expect("extracts").flatten() {
        let bytes = fs::read(file.path()).expect("an extract");
        let is_gone = |line: &&[u8]| gone.iter().any(|id| line.windows(id.len()).any(|part| part == id.as_bytes()));
        let kept: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| !is_gone(line)).collect();
        fs::write(file.path(), kept.concat()).expect("the extract is written");
    }
    crate::province::kaohe(&["run", "--project", &province.folder(), "--as-of", "2026-07-01"]).with(0);
    assert_eq!(province.one(&format!("select sum(odd) {compared}")), "2");
    let judged: u64 = province.one(&format!("select sum(n) {compared}")).parse().expect("a number");
    assert!(judged > 50, "only {judged} records were compared");
}
