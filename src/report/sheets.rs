//! Result tables for Excel: a workbook and a CSV file of each, in the office's tree; the public ranking in the public one.
//!
//! In: result tables; names of units, titles and definitions of indicators; words of codes. Out: `office/tables/<name>.xlsx` and `.csv`, `public/ranking.xlsx` and `.csv`. A table longer than
//! [`MOST_ROWS`] is cut, and the files are then named for it (`ledger-20000-of-183222.csv`): a part is never taken for the whole, which is `tables/<name>.parquet`.
//! Never here: a cell that Excel would compute, a text that would show a personal number, figures that no result table has.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StringArray};
use arrow::datatypes::{DataType, Field, Schema};

use super::cells::{Cells, Style};
use super::input::ReportInput;
use super::names::Text;
use super::numbers::without_trailing_zeros;
use super::tables::ResultTable;
use super::tables::columns::Columns;
use super::texts;
use super::view::Facts;
use super::view::frame::{data_digest, shown_hash};
use super::view::ranking::{PublicGroup, PublicRow, public_groups};
use super::workbook::{Sheet, workbook};
use crate::error::{Context, Error, Kind, Result};
use crate::side_by_side::side_by_side;

/// Rows of a table that are written for Excel: more than anybody reads there, and a province's nights stay short. All rows are in Parquet.
pub const MOST_ROWS: usize = 20_000;

/// The files of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetFiles {
    /// The table.
    pub name: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// What a row of it is.
    pub says: &'static str,
    /// Names of the files without their endings.
    pub stem: String,
    /// Rows that are written.
    pub rows: usize,
    /// Rows that the table has.
    pub rows_total: usize,
}

impl SheetFiles {
    /// The files of a table.
    pub fn of(table: &ResultTable) -> Self {
        let (title, says) = texts::tables::table(table.name).unwrap_or((table.name, ""));
        let (rows, rows_total) = (table.rows_total.min(MOST_ROWS), table.rows_total);
        let stem = if rows < rows_total { format!("{}-{rows}-of-{rows_total}", table.name) } else { table.name.to_owned() };
        Self { name: table.name, title, says, stem, rows, rows_total }
    }
}

/// Writes the files of every table into `report/office/tables`, those of the ranking into `report/public`.
///
/// # Errors
/// A file that can't be written.
pub fn write(facts: &Facts, tables: &[ResultTable], report: &Path, threads: usize) -> Result<()> {
    let names = Names::of(facts.input);
    let folder = report.join("office/tables");
    fs::create_dir_all(&folder).context(Kind::Environment, || format!("creating {}", folder.display()))?;
    side_by_side(tables, threads, |table| {
        let files = SheetFiles::of(table);
        let batch = readable(&table.batch.slice(0, files.rows), &names)?;
        let schema = table.batch.schema();
        let columns = schema.fields().iter().filter_map(|field| {
            let title = texts::tables::column(field.name())?;
            Some((title.to_owned(), field.name().clone()))
        });
        let whole = format!("tables/{}.parquet", table.name);
        write_files(facts.input, &folder, &files, &batch, &whole, &columns.collect::<Vec<_>>())
    })?;
    write_public(facts, &public_ranking(facts)?, &report.join("public"))
}

/// Writes the files of the public ranking into `folder`.
///
/// # Errors
/// A file that can't be written.
pub fn write_public(facts: &Facts, ranking: &ResultTable, folder: &Path) -> Result<()> {
    let rows = ranking.rows_total;
    let files = SheetFiles {
        name: "ranking",
        title: texts::TITLE_RANKING,
        says: texts::RANKING_NOTE,
        stem: "ranking".to_owned(),
        rows,
        rows_total: rows,
    };
    let columns = texts::RANKING_COLUMNS.map(|(title, says)| (title.to_owned(), says.to_owned()));
    write_files(facts.input, folder, &files, &ranking.batch, "", &columns)
}

/// What stands beside identifiers.
struct Names<'a> {
    units: BTreeMap<&'a str, &'a str>,
    indicators: BTreeMap<&'a str, &'a str>,
    nodes: BTreeMap<&'a str, &'a str>,
    detectors: BTreeMap<&'a str, &'a str>,
    regions: BTreeMap<&'a str, &'a str>,
    tables: BTreeMap<&'a str, &'a str>,
}

impl<'a> Names<'a> {
    fn of(input: &'a ReportInput) -> Self {
        Self {
            units: input.units.iter().map(|unit| (unit.id.as_ref(), unit.name.as_str())).collect(),
            indicators: input.indicators.iter().map(|(id, header)| (id.as_ref(), header.title.as_str())).collect(),
            nodes: input.scheme.nodes.iter().map(|node| (node.id.as_str(), node.title.as_str())).collect(),
            detectors: input.detectors.iter().map(|detector| (detector.name.as_str(), detector.title.as_str())).collect(),
            regions: input.regions.iter().map(|(code, name)| (code.as_str(), name.as_str())).collect(),
            tables: input.tables.iter().map(|(table, title)| (table.as_str(), title.as_str())).collect(),
        }
    }

    /// The names that belong beside a column of identifiers, and their title.
    fn beside(&self, column: &str) -> Option<(&'static str, &BTreeMap<&'a str, &'a str>)> {
        Some(match column {
            "unit_id" => (texts::UNIT, &self.units),
            "other_unit_id" => (texts::OTHER_UNIT, &self.units),
            "indicator" => (texts::INDICATOR_TITLE, &self.indicators),
            "node" => (texts::NODE_TITLE, &self.nodes),
            "detector" => (texts::DETECTOR_TITLE, &self.detectors),
            "region" => (texts::REGION_NAME, &self.regions),
            "neighbour" => (texts::NEIGHBOUR_NAME, &self.regions),
            "table" | "source_table" => (texts::TABLE_TITLE, &self.tables),
            _ => return None,
        })
    }
}

/// The batch as people read it: titles above, names beside identifiers, words for codes, texts as they may be shown.
fn readable(batch: &RecordBatch, names: &Names<'_>) -> Result<RecordBatch> {
    let (mut fields, mut arrays): (Vec<Field>, Vec<ArrayRef>) = (Vec::new(), Vec::new());
    let mut push = |title: &str, array: ArrayRef| {
        fields.push(Field::new(title, array.data_type().clone(), true));
        arrays.push(array);
    };
    // Some tables bring a name of their own.
    let has = |title: &str| batch.schema().fields().iter().any(|field| texts::tables::column(field.name()) == Some(title));
    for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
        let title = texts::tables::column(field.name()).unwrap_or(field.name());
        let Some(cells) = array.as_string_opt::<i32>() else {
            push(title, Arc::clone(array));
            continue;
        };
        let in_words = |cell: Option<&str>| cell.map(|cell| shown(&words(field.name(), cell)));
        push(title, Arc::new(cells.iter().map(in_words).collect::<StringArray>()));
        if let Some((title, names)) = names.beside(field.name()).filter(|(title, _)| !has(title)) {
            let name = |id: Option<&str>| names.get(id?).map(|name| shown(name));
            push(title, Arc::new(cells.iter().map(name).collect::<StringArray>()));
        }
    }
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options).context(Kind::Bug, || "titles above a table")
}

/// Characters of a text that are written: a cell of Excel holds 32 767 units of UTF-16, and one character may take two.
const MOST_CHARACTERS: usize = 16_000;

/// A text as it may be shown; one that no cell holds is cut, with a mark. Parquet has all of it.
fn shown(text: &str) -> String {
    let text = Text::masked(text);
    match text.as_str().char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => texts::cut(&text.as_str()[..end]),
        None => text.to_string(),
    }
}

/// A code of one of the columns that people read, in words; what has none stays.
fn words(column: &str, code: &str) -> String {
    match column {
        "domain" => texts::domain(code).to_owned(),
        "tier" => texts::tier(code).to_owned(),
        "size_class" => texts::size(code).to_owned(),
        "withheld" => texts::withheld(code).to_owned(),
        "peer_group" | "group" => texts::peer_group(code),
        "way" | "outcome" => match texts::tables::code(column, code) {
            Some(words) => words.to_owned(),
            None => texts::way(texts::reconciled(code)).to_owned(),
        },
        _ => texts::tables::code(column, code).unwrap_or(code).to_owned(),
    }
}

/// One row of the public ranking with its group and its grade in words.
struct PublicLine<'a> {
    group: &'a PublicGroup<'a>,
    row: &'a PublicRow<'a>,
    grade: String,
}

/// The ranking as everybody may have it: what the public pages show, and no other column.
///
/// # Errors
/// A bug in a table.
pub fn public_ranking(facts: &Facts) -> Result<ResultTable> {
    let groups = public_groups(facts, None);
    let grade = |row: &PublicRow| match row.provisional {
        true => texts::provisional_grade(row.grade.as_str()),
        false => row.grade.to_string(),
    };
    let of_group = |group| move |row| PublicLine { group, row, grade: grade(row) };
    let lines: Vec<PublicLine> = groups.iter().flat_map(|group| group.rows.iter().map(of_group(group))).collect();
    let set = |line: &PublicLine| line.row.of.uncertainty.map(|open| open.set);
    let open = |line: &PublicLine| line.row.of.uncertainty.map(|open| open.interval);
    let count = |rank: Option<u32>| rank.map(i64::from);
    Columns::of("ranking", &[], &lines)
        .text(texts::PEER_GROUP, |line| line.group.title.as_str())
        .count_or_null(texts::RANK, |line| count(line.row.of.rank))
        .count_or_null(texts::OPEN_BEST, |line| count(open(line).map(|open| open.best)))
        .count_or_null(texts::OPEN_WORST, |line| count(open(line).map(|open| open.worst)))
        .count_or_null(texts::SET_BEST, |line| count(set(line).map(|set| set.best)))
        .count_or_null(texts::SET_WORST, |line| count(set(line).map(|set| set.worst)))
        .text(texts::UNIT, |line| line.row.unit.as_str())
        .share_or_null(texts::TOTAL, |line| line.row.of.total)
        .share_or_null(texts::TOTAL_HALF_WIDTH, |line| line.row.of.total.map(|_| line.row.of.half_width))
        .text(texts::GRADE, |line| &line.grade)
        .text(texts::NOTE, |line| if line.row.allowed.is_empty() { line.row.withheld.as_str() } else { &line.row.allowed })
        .table(lines.len())
}

/// The workbook and the CSV file of one table.
fn write_files(
    input: &ReportInput,
    folder: &Path,
    files: &SheetFiles,
    batch: &RecordBatch,
    whole: &str,
    columns: &[(String, String)],
) -> Result<()> {
    let path = folder.join(format!("{}.csv", files.stem));
    fs::write(&path, csv(batch)?).context(Kind::Environment, || format!("writing {}", path.display()))?;
    let path = folder.join(format!("{}.xlsx", files.stem));
    let what = || format!("writing {}", path.display());
    let mut workbook = workbook()?;
    let sheet = workbook.add_worksheet();
    sheet.set_name(files.title.chars().take(31).collect::<String>()).context(Kind::Bug, what)?;
    let mut sheet = Sheet::begin(sheet, batch.schema().fields())?;
    sheet.add(batch)?;
    sheet.end()?;
    let notes = workbook.add_worksheet();
    notes.set_name(texts::NOTES).context(Kind::Bug, what)?;
    notes.set_column_width(0, 40).context(Kind::Bug, what)?;
    notes.set_column_width(1, 90).context(Kind::Bug, what)?;
    let mut lines: Vec<(String, String)> = vec![
        (files.title.to_owned(), files.says.to_owned()),
        (texts::ROWS.to_owned(), texts::rows_of(files.title, files.rows, files.rows_total)),
    ];
    if files.rows < files.rows_total {
        lines.push((String::new(), texts::rows_elsewhere(whole)));
    }
    lines.extend([
        (texts::PERIOD.to_owned(), texts::period(&input.period)),
        (texts::AS_OF.to_owned(), texts::until(input.as_of)),
        (texts::SCHEME.to_owned(), input.scheme.title.clone()),
        (texts::RUN.to_owned(), input.run_id.as_ref().to_owned()),
        (
            texts::EDITION.to_owned(),
            input.edition.as_ref().map_or_else(String::new, |edition| texts::edition_label(edition.number, &edition.final_on)),
        ),
        (texts::FOOT_SCHEME.to_owned(), shown_hash(&input.scheme.hash).to_owned()),
        (texts::FOOT_DATA.to_owned(), data_digest(input)),
        (texts::FOOT_ENGINE.to_owned(), input.engine_version.clone()),
        (texts::NOTICE.to_owned(), input.notice.clone()),
    ]);
    lines.extend(columns.iter().cloned());
    if columns.iter().any(|(_, name)| name == "indicator") {
        let defined = |header: &super::input::IndicatorView| {
            (header.title.clone(), format!("{} {} {}", header.comment.trim(), texts::BASIS, header.basis))
        };
        lines.push((texts::DEFINITION.to_owned(), String::new()));
        lines.extend(input.indicators.values().map(defined));
    }
    for (row, (name, says)) in
        lines.iter().filter(|(name, says)| !([texts::NOTICE, texts::EDITION].contains(&name.as_str()) && says.is_empty())).enumerate()
    {
        notes.write_string(row as u32, 0, Text::of(name).as_str()).context(Kind::Bug, what)?;
        notes.write_string(row as u32, 1, Text::of(says).as_str()).context(Kind::Bug, what)?;
    }
    workbook.save(&path).context(Kind::Environment, what)
}

/// A writer of CSV as Excel opens it.
fn csv_writer() -> csv::Writer<Vec<u8>> {
    csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer("\u{feff}".as_bytes().to_vec())
}

/// Texts as CSV that Excel opens, none of them a formula.
///
/// # Errors
/// Rows of different lengths.
pub fn csv_of_texts(headings: &[&str], rows: &[Vec<String>]) -> Result<Vec<u8>> {
    let what = || "writing CSV";
    let mut writer = csv_writer();
    writer.write_record(headings).context(Kind::Bug, what)?;
    for row in rows {
        writer.write_record(row.iter().map(|cell| as_text(cell))).context(Kind::Bug, what)?;
    }
    writer.into_inner().context(Kind::Bug, what)
}

/// CSV as Excel opens it: a byte-order mark, so that it reads UTF-8; lines ended by CR LF; an apostrophe before a text that it would take for a formula.
fn csv(batch: &RecordBatch) -> Result<Vec<u8>> {
    let what = || "writing CSV";
    let mut writer = csv_writer();
    writer.write_record(batch.schema().fields().iter().map(|field| as_text(field.name()))).context(Kind::Bug, what)?;
    let columns = batch.columns().iter().map(|column| Cells::new(column, Style::People)).collect::<Result<Vec<_>>>()?;
    for row in 0..batch.num_rows() {
        let cell = |(cells, array): (&Cells<'_>, &ArrayRef)| -> Result<String> {
            let text = cells.text(row)?.unwrap_or_default();
            Ok(match array.data_type() {
                DataType::Utf8 => as_text(&text),
                DataType::Decimal128(..) => without_trailing_zeros(&text).to_owned(),
                DataType::Boolean if array.is_valid(row) => texts::yes_or_no(array.as_boolean().value(row)).to_owned(),
                DataType::Boolean | DataType::Int64 | DataType::Float64 | DataType::Date32 => text.to_string(),
                other => return Err(Error::new(Kind::Bug, format!("a column of {other} in a result table: say how CSV writes it"))),
            })
        };
        let cells = columns.iter().zip(batch.columns()).map(cell).collect::<Result<Vec<_>>>()?;
        writer.write_record(&cells).context(Kind::Bug, what)?;
    }
    writer.into_inner().context(Kind::Bug, what)
}

/// A text that Excel takes for a text; where Chinese is written, full-width signs begin formulas, too.
fn as_text(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use arrow::array::Int64Array;

    use super::*;

    #[test]
    fn a_text_that_looks_like_a_formula_is_a_text_in_csv_and_a_number_stays_one() {
        let columns: [(&str, ArrayRef); 3] = [
            ("名称", Arc::new(StringArray::from(vec![Some("=HYPERLINK(\"x\")"), Some("甲,乙"), None]))),
            ("差", Arc::new(Int64Array::from(vec![-3, 0, 4]))),
            (
                "分",
                Arc::new(
                    arrow::array::Decimal128Array::from(vec![Some(-82_250_000_000_000), Some(1_000_000_000_000), None])
                        .with_precision_and_scale(38, 12)
                        .expect("it holds"),
                ),
            ),
        ];
        let batch = RecordBatch::try_from_iter(columns).expect("columns of one length");
        let text = String::from_utf8(csv(&batch).expect("it is written")).expect("UTF-8");
        assert_eq!(text, "\u{feff}名称,差,分\r\n\"'=HYPERLINK(\"\"x\"\")\",-3,-82.25\r\n\"甲,乙\",0,1\r\n,4,\r\n");
    }

    #[test]
    fn names_stand_beside_identifiers_and_personal_numbers_are_covered() {
        let columns: [(&str, ArrayRef); 3] = [
            ("unit_id", Arc::new(StringArray::from(vec!["A", "B"]))),
            ("says", Arc::new(StringArray::from(vec!["13800138000", "无"]))),
            ("indicator", Arc::new(StringArray::from(vec!["x.y", "x.z"]))),
        ];
        let batch = RecordBatch::try_from_iter(columns).expect("columns of one length");
        let none = BTreeMap::new;
        let names = Names {
            units: BTreeMap::from([("A", "甲局")]),
            indicators: BTreeMap::from([("x.y", "及时率")]),
            nodes: none(),
            detectors: none(),
            regions: none(),
            tables: none(),
        };
        let read = readable(&batch, &names).expect("it is made readable");
        let titles: Vec<String> = read.schema().fields().iter().map(|field| field.name().clone()).collect();
        assert_eq!(titles, ["单位编号", texts::UNIT, "说明", "指标", texts::INDICATOR_TITLE]);
        let cells = |column: usize| read.column(column).as_string::<i32>().iter().map(Option::unwrap_or_default).collect::<Vec<_>>();
        assert_eq!((cells(1), cells(4)), (vec!["甲局", ""], vec!["及时率", ""]));
        assert!(!cells(2)[0].contains("00138000") && cells(2)[1] == "无");
    }

    #[test]
    fn a_text_that_no_cell_holds_is_cut_with_a_mark_and_a_code_is_told_in_words() {
        let long = "甲".repeat(40_000);
        let cut = shown(&long);
        assert!(cut.chars().count() < 20_000 && cut.starts_with("甲甲") && cut.contains("Parquet"), "{}", cut.chars().count());
        assert_eq!(shown("乙"), "乙");
        let words_of =
            [("domain", "market"), ("tier", "county"), ("said", "better"), ("way", "spot_check"), ("outcome", "matched"), ("x", "y")]
                .map(|(column, code)| words(column, code));
        assert_eq!(words_of, ["市场监管", "县级执行", "优于该单位", "现场抽查", texts::MATCHED, "y"]);
        assert_eq!([as_text("＝1"), as_text("@a"), as_text("a=")], ["'＝1", "'@a", "a="]);
    }

    #[test]
    fn a_part_is_named_as_one() {
        let of = |rows| {
            let batch = RecordBatch::try_from_iter([("month", Arc::new(Int64Array::from(vec![0; rows])) as ArrayRef)]).expect("a column");
            SheetFiles::of(&ResultTable { name: "ledger", sorted_by: &[], batch, rows_total: rows })
        };
        assert_eq!((of(MOST_ROWS).stem.as_str(), of(MOST_ROWS).rows), ("ledger", MOST_ROWS));
        assert_eq!((of(MOST_ROWS + 1).stem.as_str(), of(MOST_ROWS + 1).rows), ("ledger-20000-of-20001", MOST_ROWS));
    }
}
