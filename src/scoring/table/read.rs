//! A file of values → [`ValueTable`].
//!
//! In: CSV (UTF-8, with or without a byte-order mark) or Parquet, with one row a unit and indicator, or one row a unit and one column an
//! indicator. Out: rows with their lines, or every wrong cell with line and column. Never here: scores; a row that is dropped without a word.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{ArrowPrimitiveType, DataType, Float32Type, Float64Type};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rust_decimal::Decimal;

use super::{UnitFacts, ValueRow, ValueTable};
use crate::error::{Context, Error, Kind, Result};

/// Columns by their names, the first that is there: what a table may be called by those who export it.
const COLUMNS: [(Column, &[&str]); 12] = [
    (Column::Unit, &["unit", "unit_id", "单位"]),
    (Column::Indicator, &["indicator", "indicator_id", "指标"]),
    (Column::Value, &["value", "值"]),
    (Column::Numerator, &["numerator", "分子"]),
    (Column::Denominator, &["denominator", "分母"]),
    (Column::Answers, &["n", "answers", "样本数"]),
    (Column::StandardError, &["standard_error", "标准误"]),
    (Column::Group, &["group", "peer_group", "同类组"]),
    (Column::Domain, &["domain", "领域"]),
    (Column::Name, &["name", "unit_name", "单位名称"]),
    (Column::Tier, &["tier", "层级"]),
    (Column::SizeClass, &["size_class", "规模"]),
];

/// Wrong cells that a message lists; it counts the others.
const LISTED: usize = 20;

/// Numbers are smaller than this: products of two still have room in 28 digits.
const LARGEST: Decimal = Decimal::from_parts(2_764_472_320, 232_830, 0, false, 0);

/// What a table looks like.
const FORMS: &str = "one row a unit and indicator: unit, indicator, value (or numerator, denominator), and where they exist standard_error, \
                     group, domain, name, tier, size_class; or one row a unit, and a column for each indicator";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Column {
    Unit,
    Indicator,
    Value,
    Numerator,
    Denominator,
    Answers,
    StandardError,
    Group,
    Domain,
    Name,
    Tier,
    SizeClass,
}

/// Reads a file by the ending of its name: `.parquet`, else CSV.
///
/// # Errors
/// A file that can't be read, a column that is missing, cells that are no numbers, a unit that stands in two groups: all of them at once.
pub fn read(path: &Path) -> Result<ValueTable> {
    let name = path.display().to_string();
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("parquet")) {
        return read_parquet(path, &name);
    }
    let bytes = fs::read(path).context(Kind::Environment, || format!("reading {name}"))?;
    read_csv(&bytes, &name)
}

/// Reads CSV text with a header row.
///
/// # Errors
/// As [`read`].
pub fn read_csv(bytes: &[u8], name: &str) -> Result<ValueTable> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        Error::new(Kind::Source, format!("{name}: line {line} is not UTF-8")).with_hint("save the table as CSV in UTF-8")
    })?;
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(text.as_bytes());
    let headers = reader.headers().context(Kind::Source, || format!("reading the header of {name}"))?.clone();
    let mut rows = Rows::over(name, headers.iter())?;
    for record in reader.records() {
        let record = record.map_err(|error| {
            let hint = "every row has as many cells as the header, and quotation marks come in pairs; nothing was scored";
            Error::new(Kind::Source, format!("{name}: {error}")).with_hint(hint)
        })?;
        // After a line that ends with a carriage return a record's position is that of the line feed, a line before its own.
        let at_line_feed = |position: &csv::Position| text.as_bytes().get(position.byte() as usize) == Some(&b'\n');
        let line = record.position().map_or(0, |position| position.line() + u64::from(at_line_feed(position)));
        rows.add(line, |place| record.get(place).unwrap_or_default().trim());
    }
    rows.finish()
}

fn read_parquet(path: &Path, name: &str) -> Result<ValueTable> {
    let doing = || format!("reading {name}");
    let file = File::open(path).context(Kind::Environment, || format!("opening {name}"))?;
    let file = ParquetRecordBatchReaderBuilder::try_new(file).context(Kind::Source, doing)?;
    let headers: Vec<String> = file.schema().fields().iter().map(|field| field.name().clone()).collect();
    let mut rows = Rows::over(name, headers.iter().map(String::as_str))?;
    let mut before = 0;
    for batch in file.build().context(Kind::Source, doing)? {
        let batch = batch.context(Kind::Source, doing)?;
        let columns = batch.columns().iter().map(cell_texts).collect::<Result<Vec<_>, _>>().context(Kind::Source, doing)?;
        for row in 0..batch.num_rows() {
            rows.add(before + row as u64 + 1, |place| columns[place][row].trim());
        }
        before += batch.num_rows() as u64;
    }
    rows.finish()
}

/// A column's cells as texts, exactly: the engine's own words for numbers are for people, and may be short.
fn cell_texts(column: &ArrayRef) -> Result<Vec<String>, ArrowError> {
    fn floats<T: ArrowPrimitiveType<Native: ToString>>(column: &ArrayRef) -> Vec<String> {
        column.as_primitive::<T>().iter().map(|cell| cell.map(|number| number.to_string()).unwrap_or_default()).collect()
    }
    match column.data_type() {
        DataType::Float64 => return Ok(floats::<Float64Type>(column)),
        DataType::Float32 => return Ok(floats::<Float32Type>(column)),
        _ => {}
    }
    let options = FormatOptions::default();
    let shown = ArrayFormatter::try_new(column, &options)?;
    let is_decimal = column.data_type().is_decimal();
    let text = |row: usize| {
        let text = shown.value(row).try_to_string()?;
        // Zeros after the last digit say how a column is stored, not what the figure is.
        let number = if is_decimal { Decimal::from_str_exact(&text).ok() } else { None };
        Ok(number.map_or(text, |number| number.normalize().to_string()))
    };
    (0..column.len()).map(text).collect()
}

/// Rows as they are read.
struct Rows<'a> {
    name: &'a str,
    places: BTreeMap<Column, usize>,
    /// Headers as they are written, for messages.
    headers: Vec<String>,
    /// Columns that are an indicator each: of a table with one row a unit.
    indicators: Vec<usize>,
    table: ValueTable,
    seen: BTreeMap<(String, String, String), u64>,
    wrong: Vec<String>,
    more: usize,
}

impl<'a> Rows<'a> {
    fn over<'h>(name: &'a str, headers: impl Iterator<Item = &'h str>) -> Result<Self> {
        let headers: Vec<String> = headers.map(|header| header.trim().to_owned()).collect();
        let mut places = BTreeMap::new();
        for (column, names) in COLUMNS {
            let is_it = |header: &String| names.iter().any(|name| header.eq_ignore_ascii_case(name));
            let found: Vec<usize> = (0..headers.len()).filter(|place| is_it(&headers[*place])).collect();
            if let [first, second, ..] = found.as_slice() {
                let message = format!("{name}: line 1 has `{}` and `{}`, which mean the same", headers[*first], headers[*second]);
                return Err(Error::new(Kind::Source, message).with_hint("leave one of them out, or give it another name"));
            }
            let place = found.first().copied();
            places.extend(place.map(|place| (column, place)));
        }
        let has = |column: Column| places.contains_key(&column);
        if !has(Column::Unit) {
            let message = format!("{name}: line 1 has no column `unit`; it has {}", headers.join(", "));
            return Err(Error::new(Kind::Source, message).with_hint(FORMS));
        }
        let is_wide = !has(Column::Indicator);
        let has_values = has(Column::Value) || (has(Column::Numerator) && has(Column::Denominator));
        if is_wide && has_values {
            let message = format!("{name}: line 1 has values and no column `indicator`; it has {}", headers.join(", "));
            return Err(Error::new(Kind::Source, message).with_hint(FORMS));
        }
        if !is_wide && !has_values {
            let message = format!("{name}: line 1 has neither a column `value` nor `numerator` and `denominator`");
            return Err(Error::new(Kind::Source, message).with_hint(FORMS));
        }
        let of_one_value = [Column::Value, Column::Numerator, Column::Denominator, Column::Answers, Column::StandardError];
        if let Some(column) = of_one_value.iter().find(|column| is_wide && has(**column)) {
            let message = format!("{name}: line 1 has a column for each indicator and `{}`, which belongs to one", headers[places[column]]);
            return Err(Error::new(Kind::Source, message).with_hint(FORMS));
        }
        let indicators: Vec<usize> = (0..headers.len())
            .filter(|place| is_wide && !headers[*place].is_empty() && !places.values().any(|known| known == place))
            .collect();
        if let Some(twice) =
            indicators.iter().find(|place| indicators.iter().any(|other| other < place && headers[*other] == headers[**place]))
        {
            return Err(Error::new(Kind::Source, format!("{name}: line 1 has the column `{}` twice", headers[*twice])));
        }
        Ok(Self { name, places, headers, indicators, table: ValueTable::default(), seen: BTreeMap::new(), wrong: Vec::new(), more: 0 })
    }

    fn add<'r>(&mut self, line: u64, cell: impl Fn(usize) -> &'r str) {
        if self.places.contains_key(&Column::Indicator) {
            return self.add_row(line, cell);
        }
        for place in self.indicators.clone() {
            let indicator = self.headers[place].clone();
            self.places.insert(Column::Value, place);
            self.add_value(line, &indicator, &cell);
        }
    }

    fn add_row<'r>(&mut self, line: u64, cell: impl Fn(usize) -> &'r str) {
        let indicator = self.places.get(&Column::Indicator).map(|place| cell(*place).to_owned()).unwrap_or_default();
        self.add_value(line, &indicator, &cell);
    }

    fn add_value<'r>(&mut self, line: u64, indicator: &str, cell: &impl Fn(usize) -> &'r str) {
        let text = |column: Column| self.places.get(&column).map(|place| cell(*place)).unwrap_or_default();
        let (unit, domain) = (text(Column::Unit), text(Column::Domain));
        let mut wrong = Vec::new();
        for (column, text) in [(Column::Unit, unit), (Column::Indicator, indicator)] {
            if text.is_empty() {
                wrong.push(self.at(line, column, "is empty"));
            }
        }
        let mut number = |column: Column| {
            let text = text(column);
            if text.is_empty() {
                return None;
            }
            let number =
                Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text)).or_else(|_| text.parse::<Decimal>()).ok();
            if number.is_some_and(|number| number.abs() >= LARGEST) {
                wrong.push(self.at(line, column, &format!("is `{text}`, and numbers have at most fifteen digits before the point")));
                return None;
            }
            if number.is_none() {
                wrong.push(self.at(line, column, &format!("is `{text}`, expected a number like 0.95, or nothing where it is missing")));
            }
            number
        };
        let value = number(Column::Value);
        let (numerator, denominator) = (number(Column::Numerator), number(Column::Denominator));
        let standard_error = number(Column::StandardError);
        let answers = number(Column::Answers);
        for (column, amount) in [(Column::Denominator, denominator), (Column::Answers, answers)] {
            if amount.is_some_and(|amount| amount < Decimal::ZERO) {
                wrong.push(self.at(line, column, "is below 0"));
            }
        }
        if numerator.is_some() != denominator.is_some() {
            let (there, missing) =
                if numerator.is_some() { (Column::Numerator, "denominator") } else { (Column::Denominator, "numerator") };
            wrong.push(self.at(line, there, &format!("stands without a {missing}")));
        }
        let fraction = numerator.zip(denominator).filter(|(_, denominator)| *denominator >= Decimal::ZERO);
        let quotient = |(numerator, denominator): (Decimal, Decimal)| numerator.checked_div(denominator);
        let of_fraction = fraction.filter(|(_, denominator)| !denominator.is_zero()).and_then(quotient);
        // Half of the last digit as it is written, and what a division leaves.
        let room = |value: Decimal| Decimal::new(5, value.scale().min(20) + 1) + Decimal::new(1, 20);
        if let Some((value, expected)) = value.zip(of_fraction)
            && (value - expected).abs() > room(value)
        {
            wrong.push(self.at(line, Column::Value, &format!("is {value}, but numerator ÷ denominator is {}", expected.round_dp(6))));
        }
        if standard_error.is_some_and(|error| error < Decimal::ZERO) {
            wrong.push(self.at(line, Column::StandardError, "is below 0"));
        }
        let facts = UnitFacts {
            name: some(text(Column::Name)),
            group: some(text(Column::Group)),
            tier: some(text(Column::Tier)),
            size_class: some(text(Column::SizeClass)),
        };
        let unit_key = (unit.to_owned(), domain.to_owned());
        match self.table.units.get(&unit_key) {
            None => drop(self.table.units.insert(unit_key, facts)),
            Some(known) if *known != facts => {
                let told = |facts: &UnitFacts| {
                    [&facts.name, &facts.group, &facts.tier, &facts.size_class].map(|fact| fact.clone().unwrap_or_default()).join(" · ")
                };
                wrong.push(self.at(line, Column::Unit, &format!("`{unit}` is `{}` here and `{}` before", told(&facts), told(known))));
            }
            Some(_) => {}
        }
        if let Some(earlier) = self.seen.insert((unit.to_owned(), domain.to_owned(), indicator.to_owned()), line) {
            wrong.push(self.at(line, Column::Indicator, &format!("`{indicator}` of `{unit}` stands in line {earlier} already")));
        }
        self.table.rows.push(ValueRow {
            unit: unit.to_owned(),
            domain: domain.to_owned(),
            indicator: indicator.to_owned(),
            // What is written is rounded; the quotient is not.
            value: of_fraction.or(value),
            fraction,
            standard_error,
            answers,
            line,
        });
        for message in wrong {
            if self.wrong.len() < LISTED { self.wrong.push(message) } else { self.more += 1 }
        }
    }

    fn at(&self, line: u64, column: Column, says: &str) -> String {
        let place = self.places.get(&column).copied().unwrap_or_default();
        format!("line {line}, column {} (`{}`) {says}", place + 1, self.headers[place])
    }

    fn finish(mut self) -> Result<ValueTable> {
        if self.wrong.is_empty() {
            return Ok(self.table);
        }
        if self.more > 0 {
            self.wrong.push(format!("and {} more", self.more));
        }
        Err(Error::new(Kind::Source, format!("{}:\n  {}", self.name, self.wrong.join("\n  ")))
            .with_hint("nothing was scored; mend the table and try again"))
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        read_csv(text.as_bytes(), "values.csv").expect_err("it is wrong").to_string()
    }

    #[test]
    fn every_wrong_cell_is_told_with_its_line_and_column() {
        let lines = [
            "unit,indicator,value,numerator,denominator",
            "A,i,0.9x,,",
            "A,,1,,",
            "B,i,0.5,9,10",
            "C,i,1,,",
            "C,i,1,,",
            "D,i,,3,",
            "E,i,,3,-4",
            "F,i,1e20,,",
        ];
        let message = told(&lines.join("\n"));
        assert_eq!(message, told(&lines.join("\r\n")), "lines are counted in the same way whatever ends them");
        assert!(message.contains("line 7, column 4 (`numerator`) stands without a denominator"), "{message}");
        assert!(message.contains("line 8, column 5 (`denominator`) is below 0"), "{message}");
        assert!(message.contains("line 9, column 3 (`value`) is `1e20`, and numbers have at most fifteen digits"), "{message}");
        assert!(message.contains("line 2, column 3 (`value`) is `0.9x`, expected a number"), "{message}");
        assert!(message.contains("line 3, column 2 (`indicator`) is empty"), "{message}");
        assert!(message.contains("line 4, column 3 (`value`) is 0.5, but numerator ÷ denominator is 0.9"), "{message}");
        assert!(message.contains("line 6, column 2 (`indicator`) `i` of `C` stands in line 5 already"), "{message}");
    }

    #[test]
    fn a_unit_has_one_peer_group() {
        let message = told("unit,group,indicator,value\nA,one,i,1\nA,two,j,1\n");
        assert!(message.contains("line 3, column 1 (`unit`) `A` is"), "{message}");
    }

    #[test]
    fn a_table_without_what_it_needs_says_what_it_has() {
        assert!(told("name,value\nA,1\n").contains("no column `unit`; it has name, value"));
        assert!(told("unit,value\nA,1\n").contains("no column `indicator`"));
        assert!(told("unit,indicator,score\nA,i,1\n").contains("neither a column `value`"));
        assert!(told("unit,i,i\nA,1,2\n").contains("the column `i` twice"));
        assert!(told("unit,indicator,value,值\nA,i,1,2\n").contains("`value` and `值`, which mean the same"));
        assert!(told("unit,i,j,standard_error\nA,1,2,0.1\n").contains("`standard_error`, which belongs to one"));
    }

    #[test]
    fn rows_and_columns_say_the_same() {
        let rows = read_csv("\u{feff}单位,指标,值\nA,i,0.5\nA,j,\nB,i,1e-3\nB,j,2\n".as_bytes(), "rows").expect("values");
        let columns = read_csv(b"unit,i,j\nA,0.5,\nB,0.001,2\n", "columns").expect("values");
        let sorted = |table: ValueTable| {
            let mut rows: Vec<_> = table.rows.into_iter().map(|row| (row.unit, row.indicator, row.value)).collect();
            rows.sort();
            rows
        };
        assert_eq!(sorted(rows), sorted(columns));
    }

    #[test]
    fn a_ratio_is_the_value_where_the_table_has_none() {
        let table = read_csv(b"unit,indicator,numerator,denominator\nA,i,3,4\nB,i,0,0\n", "ratios").expect("values");
        assert_eq!(table.rows[0].value, Some(Decimal::new(75, 2)));
        assert_eq!((table.rows[1].value, table.rows[1].fraction), (None, Some((Decimal::ZERO, Decimal::ZERO))));
    }
}
