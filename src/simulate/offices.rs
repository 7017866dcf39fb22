//! Files as offices send them: GB18030 CSV a city, workbooks with a title row, JSON lines, Parquet, and plain CSV.
//!
//! In: record batches. Out: files under `sources/`, the same bytes for the same batches, and what was made dirty.
//! Never here: the story behind the rows.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use arrow::array::{AsArray, RecordBatch};
use encoding_rs::GB18030;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook};

use crate::error::{Context, Kind, Result};
use crate::library::contract::{ColumnType, TableContract};
use crate::simulate::dirt::{Arrived, Dirt};
use crate::simulate::render::{Layout, Style};
use crate::simulate::sheet::Output;
use crate::simulate::write::{ParquetOutput, create};

/// In which format the office of a table sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileFormat {
    /// CSV in UTF-8, every second table with a byte-order mark.
    Csv,
    /// CSV in GB18030.
    ChineseCsv,
    /// A workbook with a title row.
    Workbook,
    /// One object a line.
    JsonLines,
    /// Out of another platform's store, as it is.
    Parquet,
}

impl FileFormat {
    /// The format of the table's office.
    pub fn of(table: &str) -> Self {
        match table {
            "cases" | "benchmarks" | "coercive_measures" | "evidence_files" | "rectifications" | "spot_checks" => Self::ChineseCsv,
            "stage_verifications" | "supervision_docs" | "third_party_evaluations" => Self::ChineseCsv,
            "inspections" | "case_documents" | "case_stages" | "reviews_litigation" | "complaints" | "conflicts" => Self::Workbook,
            "disclosures" | "hazards" | "innovation_cases" | "inspection_plans" | "lead_transfers" => Self::Workbook,
            "assistance_requests" | "case_file_reviews" | "mediation_records" | "monitoring_data_refs" | "ratings" => Self::Workbook,
            "hotline_orders" => Self::JsonLines,
            "platform_records" | "body_cam_recordings" | "trainings" => Self::Parquet,
            _ => Self::Csv,
        }
    }

    /// The ending of its files.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Csv | Self::ChineseCsv => "csv",
            Self::Workbook => "xlsx",
            Self::JsonLines => "jsonl",
            Self::Parquet => "parquet",
        }
    }
}

/// Batches that are looked at before the columns of a file are fixed.
const LOOK_AHEAD: usize = 96;
/// Rows of one workbook.
const WORKBOOK_ROWS: usize = 200_000;

/// Writes every table in the format of its office.
pub(super) struct OfficesOutput {
    folder: PathBuf,
    contracts: BTreeMap<String, TableContract>,
    seed: u64,
    tables: BTreeMap<String, Table>,
    parquet: ParquetOutput,
    rows: BTreeMap<String, u64>,
    /// City codes in the order of their style.
    cities: Vec<String>,
}

/// A table being written.
#[derive(Default)]
struct Table {
    waiting: Vec<RecordBatch>,
    layout: Option<Layout>,
    files: BTreeMap<String, BufWriter<File>>,
    /// Rows of the workbook that is not full yet.
    book: Vec<Vec<String>>,
    books_written: usize,
    dirt: Option<Dirt>,
}

impl OfficesOutput {
    /// Files under `folder`; dirt after `seed`.
    pub fn new(folder: &Path, contracts: &BTreeMap<String, TableContract>, seed: u64, cities: Vec<String>) -> Self {
        Self {
            folder: folder.to_owned(),
            contracts: contracts.clone(),
            seed,
            tables: BTreeMap::new(),
            parquet: ParquetOutput::new(folder, None),
            rows: BTreeMap::new(),
            cities,
        }
    }

    /// Ends every file; the rows of each table and the dirt in it.
    pub fn finish(mut self) -> Result<(BTreeMap<String, u64>, BTreeMap<String, BTreeMap<&'static str, u64>>)> {
        let names: Vec<String> = self.tables.keys().cloned().collect();
        let mut dirt = BTreeMap::new();
        for name in names {
            let Some(mut table) = self.tables.remove(&name) else { continue };
            self.flush(&name, &mut table)?;
            for (file, mut writer) in std::mem::take(&mut table.files) {
                writer.flush().context(Kind::Environment, || format!("ending {file}"))?;
            }
            self.write_books(&name, &mut table, 1)?;
            if let Some(done) = table.dirt.filter(|dirt| !dirt.done.is_empty()) {
                dirt.insert(name, done.done);
            }
        }
        self.rows.extend(self.parquet.finish()?);
        Ok((self.rows, dirt))
    }

    /// Writes workbooks as long as `least` rows wait for one, so that no more than a few wait.
    fn write_books(&self, name: &str, table: &mut Table, least: usize) -> Result<()> {
        let Some(layout) = &table.layout else { return Ok(()) };
        while table.book.len() >= least {
            let rest = table.book.split_off(table.book.len().min(WORKBOOK_ROWS));
            let rows = std::mem::replace(&mut table.book, rest);
            table.books_written += 1;
            let path = self.folder.join(name).join(format!("{name}_{}.xlsx", table.books_written));
            write_workbook(&path, &self.contracts[name], layout, &rows)?;
        }
        Ok(())
    }

    fn flush(&mut self, name: &str, table: &mut Table) -> Result<()> {
        let contract = &self.contracts[name];
        let batches = std::mem::take(&mut table.waiting);
        let common = style_of(name);
        if table.layout.is_none() {
            table.layout = Some(Layout::of(contract, &batches, common));
        }
        let layout = table.layout.as_ref().expect("the layout was set above");
        let dirt = table.dirt.get_or_insert_with(|| Dirt::new(self.seed, name));
        let unit = contract.columns.iter().position(|column| column.name == "unit_id");
        for batch in &batches {
            for row in 0..batch.num_rows() {
                let city = unit.filter(|_| name == "cases").map(|unit| &batch.column(unit).as_string::<i32>().value(row)[..4]);
                let nth = city.and_then(|city| self.cities.iter().position(|known| known[..4] == *city));
                let style = if city.is_some() { Style::of(nth.unwrap_or(0)) } else { common };
                for arrived in dirt.pass(contract, layout, layout.row(batch, row, style)) {
                    match FileFormat::of(name) {
                        FileFormat::Workbook => table.book.push(arrived.cells),
                        FileFormat::JsonLines => write_json(file_of(&self.folder, name, None, &mut table.files, layout)?, layout, arrived)?,
                        _ => write_csv(file_of(&self.folder, name, city, &mut table.files, layout)?, &arrived.cells, name)?,
                    }
                }
            }
        }
        self.write_books(name, table, WORKBOOK_ROWS)
    }
}

impl Output for OfficesOutput {
    fn write(&mut self, table: &str, batch: &RecordBatch) -> Result<()> {
        if FileFormat::of(table) == FileFormat::Parquet {
            return self.parquet.write(table, batch);
        }
        *self.rows.entry(table.to_owned()).or_default() += batch.num_rows() as u64;
        let mut state = self.tables.remove(table).unwrap_or_default();
        state.waiting.push(batch.clone());
        if state.waiting.len() >= LOOK_AHEAD {
            self.flush(table, &mut state)?;
        }
        self.tables.insert(table.to_owned(), state);
        Ok(())
    }
}

fn style_of(table: &str) -> Style {
    if table == "leads" { Style::Plain } else { Style::of(table.len()) }
}

/// Cases come with one file a city.
fn file_of<'a>(
    folder: &Path,
    table: &str,
    city: Option<&str>,
    files: &'a mut BTreeMap<String, BufWriter<File>>,
    layout: &Layout,
) -> Result<&'a mut BufWriter<File>> {
    let format = FileFormat::of(table);
    let ending = format.ending();
    let name = city.map_or_else(|| format!("{table}.{ending}"), |city| format!("{table}_{city}00.{ending}"));
    if !files.contains_key(&name) {
        let mut file = BufWriter::new(create(&folder.join(table).join(&name))?);
        if format != FileFormat::JsonLines {
            if format == FileFormat::Csv && table.len() % 2 == 0 {
                file.write_all("\u{feff}".as_bytes()).context(Kind::Environment, || format!("writing {name}"))?;
            }
            write_csv(&mut file, &layout.headings(), table)?;
        }
        files.insert(name.clone(), file);
    }
    Ok(files.get_mut(&name).expect("the file was inserted above"))
}

fn write_csv(file: &mut BufWriter<File>, cells: &[String], table: &str) -> Result<()> {
    let mut line = String::with_capacity(cells.len() * 12);
    for (place, cell) in cells.iter().enumerate() {
        if place > 0 {
            line.push(',');
        }
        if cell.contains([',', '"', '\n', '\r']) {
            line.push('"');
            line.push_str(&cell.replace('"', "\"\""));
            line.push('"');
        } else {
            line.push_str(cell);
        }
    }
    line.push_str("\r\n");
    let bytes = if FileFormat::of(table) == FileFormat::ChineseCsv { GB18030.encode(&line).0 } else { line.as_bytes().into() };
    file.write_all(&bytes).context(Kind::Environment, || format!("writing rows of `{table}`"))
}

/// One object a line; a ragged row is a line that breaks off.
fn write_json(file: &mut BufWriter<File>, layout: &Layout, row: Arrived) -> Result<()> {
    let mut object = serde_json::Map::new();
    for ((_, column, _), cell) in layout.columns.iter().zip(&row.cells).filter(|(_, cell)| !cell.is_empty()) {
        let value = match (column.kind, cell.as_str()) {
            (ColumnType::Boolean, "是" | "Y" | "1") => serde_json::Value::Bool(true),
            (ColumnType::Boolean, "否" | "N" | "0") => serde_json::Value::Bool(false),
            (ColumnType::Integer, number) => number.parse::<i64>().map_or_else(|_| number.into(), Into::into),
            (_, text) => text.into(),
        };
        object.insert(column.name.clone(), value);
    }
    let mut line = serde_json::Value::Object(object).to_string();
    if row.ragged {
        let half = (0..=line.len() / 2).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
        line.truncate(half);
    }
    line.push('\n');
    file.write_all(line.as_bytes()).context(Kind::Environment, || "writing JSON lines")
}

fn write_workbook(path: &Path, contract: &TableContract, layout: &Layout, rows: &[Vec<String>]) -> Result<()> {
    let failed = |step: &str| format!("{step} {}", path.display());
    let mut book = Workbook::new();
    let fixed = ExcelDateTime::from_ymd(2026, 1, 1).context(Kind::Bug, || failed("dating"))?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&fixed));
    let sheet = book.add_worksheet();
    sheet.set_name(&contract.title).context(Kind::Bug, || failed("naming"))?;
    let title = Format::new().set_bold().set_font_size(14);
    sheet.write_string_with_format(0, 0, format!("{}明细表", contract.title), &title).context(Kind::Environment, || failed("writing"))?;
    sheet.write_string(1, 0, "填报单位：示例省　　制表日期：见文件名").context(Kind::Environment, || failed("writing"))?;
    let write = |sheet: &mut rust_xlsxwriter::Worksheet, line: usize, cells: &[String]| -> Result<()> {
        for (place, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            sheet.write_string(line as u32, place as u16, cell).context(Kind::Environment, || failed("writing"))?;
        }
        Ok(())
    };
    write(sheet, 2, &layout.headings())?;
    for (nth, row) in rows.iter().enumerate() {
        write(sheet, nth + 3, row)?;
    }
    let bytes = book.save_to_buffer().context(Kind::Environment, || failed("packing"))?;
    create(path)?.write_all(&bytes).context(Kind::Environment, || failed("writing"))
}
