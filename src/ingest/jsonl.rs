//! One JSON object a line → rows.
//!
//! In: a file of objects, in any of the encodings. Out: rows whose columns are the keys seen so far; a key that turns up later
//! extends the header. Never here: nested structure: a list of plain values becomes `a;b`, an object stays JSON text.

use std::path::Path;

use serde_json::Value;

use super::decode::TextReader;
use super::raw::{Input, MAX_CELLS, MAX_ROW_BYTES, Mark, RawChunk, ReadSummary, Sink};
use super::xlsx::float_text;
use crate::error::{Error, Kind, Result};

struct Keys {
    names: Vec<String>,
    grown: bool,
}

impl Keys {
    fn position(&mut self, key: &str) -> Result<usize> {
        if let Some(at) = self.names.iter().position(|name| name == key) {
            return Ok(at);
        }
        if self.names.len() == MAX_CELLS {
            return Err(Error::new(Kind::Source, format!("the objects have more than {MAX_CELLS} different keys")));
        }
        self.names.push(key.to_owned());
        self.grown = true;
        Ok(self.names.len() - 1)
    }
}

/// Reads a whole file.
pub(super) fn read(
    path: &Path,
    encoding: &'static encoding_rs::Encoding,
    progress: &dyn Fn(u64),
    sink: &mut Sink<'_>,
) -> Result<ReadSummary> {
    let mut text = TextReader::open(path, encoding, progress)?;
    let mut keys = Keys { names: Vec::new(), grown: false };
    let mut summary = ReadSummary::default();
    let mut chunk = RawChunk::default();
    let (mut buffer, mut at, mut dropped, mut line) = (Vec::new(), 0, 0_u64, 0_i64);
    loop {
        let end = buffer[at..].iter().position(|byte| *byte == b'\n').map(|length| at + length);
        let is_last = end.is_none();
        let end = match end {
            Some(end) => end,
            None => {
                buffer.drain(..at);
                dropped += at as u64;
                at = 0;
                if buffer.len() > MAX_ROW_BYTES {
                    return Err(Error::new(Kind::Source, format!("line {} is longer than {MAX_ROW_BYTES} bytes", line + 1)));
                }
                if text.fill(&mut buffer)? {
                    continue;
                }
                if buffer.is_empty() {
                    break;
                }
                buffer.len()
            }
        };
        line += 1;
        let row = String::from_utf8_lossy(&buffer[at..end]).into_owned();
        let is_broken = text.had_fault_before(dropped + end as u64);
        if row.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}').is_empty() {
            summary.not_records += 1;
        } else {
            push(&row, line, is_broken, is_last, &mut keys, &mut chunk)?;
        }
        at = if is_last { end } else { end + 1 };
        if chunk.is_full() {
            flush(&mut keys, &mut chunk, sink)?;
        }
        if is_last {
            break;
        }
    }
    keys.grown |= keys.names.is_empty();
    flush(&mut keys, &mut chunk, sink)?;
    summary.bytes_read = Some(text.bytes_read);
    summary.replacement_characters = text.own_replacement_characters();
    Ok(summary)
}

fn flush(keys: &mut Keys, chunk: &mut RawChunk, sink: &mut Sink<'_>) -> Result<()> {
    if std::mem::take(&mut keys.grown) {
        sink(Input::Header { names: keys.names.clone(), line: 1, sheet: None })?;
    }
    sink(Input::Rows(std::mem::take(chunk)))
}

fn push(row: &str, line: i64, is_broken: bool, is_last: bool, keys: &mut Keys, chunk: &mut RawChunk) -> Result<()> {
    let trimmed = row.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let parsed = serde_json::from_str::<Value>(trimmed);
    let (object, fault) = match parsed {
        Ok(Value::Object(object)) => (object, None),
        Ok(_) => (serde_json::Map::new(), Some("这一行不是JSON对象".to_owned())),
        Err(error) if is_last && error.is_eof() => {
            return Err(Error::new(Kind::Source, format!("the file ends inside the object of line {line}"))
                .with_hint("the file was cut off; ask for it again"));
        }
        Err(error) => (serde_json::Map::new(), Some(format!("这一行不是JSON：第{}列起无法解读", error.column()))),
    };
    let mut cells = vec![(String::new(), Mark::Plain); keys.names.len()];
    let mut holds_nul = false;
    for (key, value) in &object {
        let at = keys.position(key)?;
        cells.resize(keys.names.len(), (String::new(), Mark::Plain));
        cells[at] = value_text(value);
        holds_nul |= cells[at].0.contains('\0');
    }
    let fault = if is_broken {
        Some("含有无法按文件编码解读的字节".to_owned())
    } else if holds_nul {
        Some("含有空字符（NUL）".to_owned())
    } else {
        fault
    };
    chunk.push(line, cells.iter().map(|(text, mark)| (text.as_str(), *mark)), trimmed, fault);
    Ok(())
}

fn value_text(value: &Value) -> (String, Mark) {
    match value {
        Value::Null => (String::new(), Mark::Plain),
        Value::String(text) => (text.clone(), Mark::Plain),
        Value::Bool(truth) => (truth.to_string(), Mark::Plain),
        Value::Number(number) => match (number.is_f64(), number.as_f64()) {
            (true, Some(float)) => (float_text(float), if float.abs() >= 1e15 { Mark::LostDigits } else { Mark::Plain }),
            _ => (number.to_string(), Mark::Plain),
        },
        Value::Array(items) if items.iter().all(|item| !item.is_array() && !item.is_object()) => {
            let holds_separator =
                items.iter().any(|item| item.as_str().is_some_and(|text| text.contains([';', ',', '；', '，', '、', '|'])));
            let joined = || items.iter().map(|item| value_text(item).0).collect::<Vec<_>>().join(";");
            (if holds_separator { value.to_string() } else { joined() }, Mark::Plain)
        }
        Value::Array(_) | Value::Object(_) => (value.to_string(), Mark::Plain),
    }
}
