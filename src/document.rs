//! TOML text with a closed set of keys, read with positions.
//!
//! In: the text of a contract, clock, scheme or project file. Out: typed values, each with its place, and diagnostics for
//! whatever is missing, of another type, or not asked for. Never here: what the keys mean.

use std::collections::BTreeSet;
use std::ops::Range;

use jiff::civil::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostics::Diagnostics;

/// A value with the bytes where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Range<usize>,
}

/// One TOML table being read: what is asked for is known, what is left over is an error.
pub struct Section<'a> {
    table: &'a DeTable<'a>,
    span: Range<usize>,
    file: &'a str,
    offset: usize,
    what: &'a str,
    asked: BTreeSet<&'static str>,
}

/// Parses `text` and hands its top table to `read`; a syntax error becomes a diagnostic and `None`.
///
/// `offset` is where `text` begins inside the file (a header inside SQL comments keeps its length, so usually 0).
pub fn read_document<T>(
    file: &str,
    text: &str,
    what: &str,
    offset: usize,
    diagnostics: &mut Diagnostics,
    read: impl FnOnce(&mut Section<'_>, &mut Diagnostics) -> Option<T>,
) -> Option<T> {
    match DeTable::parse(text) {
        Ok(table) => {
            let mut section = Section { table: table.get_ref(), span: 0..0, file, offset, what, asked: BTreeSet::new() };
            let value = read(&mut section, diagnostics);
            section.finish(diagnostics);
            value
        }
        Err(error) => {
            let span = error.span().map(|span| span.start + offset..span.end + offset);
            diagnostics.error("toml-syntax", file, span, error.message().trim().to_owned());
            None
        }
    }
}

impl<'a> Section<'a> {
    fn value(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.insert(key);
        self.table.get(key)
    }

    fn shift(&self, span: Range<usize>) -> Range<usize> {
        span.start + self.offset..span.end + self.offset
    }

    /// The bytes of this table's heading (or the file's start).
    pub fn span(&self) -> Range<usize> {
        self.shift(self.span.clone())
    }

    /// The file being read.
    pub fn file(&self) -> &'a str {
        self.file
    }

    fn wrong_type(&self, key: &str, value: &Spanned<DeValue<'_>>, expected: &str, diagnostics: &mut Diagnostics) {
        diagnostics.error(
            "wrong-type",
            self.file,
            Some(self.shift(value.span())),
            format!("`{key}` of {} must be {expected}, but is {}", self.what, value.get_ref().type_str()),
        );
    }

    fn missing(&self, key: &str, diagnostics: &mut Diagnostics) {
        diagnostics.error("missing-key", self.file, Some(self.span()), format!("{} needs the key `{key}`", self.what));
    }

    /// Where the value of a key stands, whatever it is.
    pub fn place(&mut self, key: &'static str) -> Option<Range<usize>> {
        self.value(key).map(|value| self.shift(value.span()))
    }

    /// A text, or `None`.
    pub fn text(&mut self, key: &'static str, diagnostics: &mut Diagnostics) -> Option<Placed<String>> {
        let value = self.value(key)?;
        match value.get_ref().as_str() {
            Some(text) => Some(Placed { value: text.to_owned(), span: self.shift(value.span()) }),
            None => {
                self.wrong_type(key, value, "a text in quotation marks", diagnostics);
                None
            }
        }
    }

    /// A text that must be there.
    pub fn required_text(&mut self, key: &'static str, diagnostics: &mut Diagnostics) -> Option<Placed<String>> {
        if self.value(key).is_none() {
            self.missing(key, diagnostics);
        }
        self.text(key, diagnostics)
    }

    /// One of a closed set of words.
    pub fn word<T: Copy>(&mut self, key: &'static str, words: &[(&str, T)], diagnostics: &mut Diagnostics) -> Option<T> {
        let text = self.text(key, diagnostics)?;
        match words.iter().find(|(word, _)| *word == text.value) {
            Some((_, value)) => Some(*value),
            None => {
                let list = words.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", ");
                diagnostics
                    .error(
                        "unknown-word",
                        self.file,
                        Some(text.span),
                        format!("`{key}` of {} is `{}`, expected {list}", self.what, text.value),
                    )
                    .hint_nearest(&text.value, words.iter().map(|(word, _)| *word));
                None
            }
        }
    }

    /// One of a closed set of words that must be there.
    pub fn required_word<T: Copy>(&mut self, key: &'static str, words: &[(&str, T)], diagnostics: &mut Diagnostics) -> Option<T> {
        if self.value(key).is_none() {
            self.missing(key, diagnostics);
        }
        self.word(key, words, diagnostics)
    }

    /// A truth value.
    pub fn boolean(&mut self, key: &'static str, diagnostics: &mut Diagnostics) -> Option<bool> {
        let value = self.value(key)?;
        let found = value.get_ref().as_bool();
        if found.is_none() {
            self.wrong_type(key, value, "true or false", diagnostics);
        }
        found
    }

    /// A whole number.
    pub fn integer(&mut self, key: &'static str, diagnostics: &mut Diagnostics) -> Option<Placed<i64>> {
        let value = self.value(key)?;
        match value.get_ref().as_integer().and_then(|number| i64::from_str_radix(number.as_str(), number.radix()).ok()) {
            Some(number) => Some(Placed { value: number, span: self.shift(value.span()) }),
            None => {
                self.wrong_type(key, value, "a whole number", diagnostics);
                None
            }
        }
    }

    /// A whole number that must be there.
    pub fn required_integer(&mut self, key: &'static str, diagnostics: &mut Diagnostics) -> Option<Placed<i64>> {
        if self.value(key).is_none() {
            self.missing(key, diagnostics);
        }
        self.integer(key, diagnostics)
    }

    /// A number as written (integer or decimal); exact, because it stays text.
    pub fn number(&mut self, key: &'static str, diagnostics: &mut Diagnostics) -> Option<Placed<String>> {
        let value = self.value(key)?;
        match number_text(value.get_ref()) {
            Some(text) => Some(Placed { value: text, span: self.shift(value.span()) }),
            None => {
                self.wrong_type(key, value, "a number", diagnostics);
                None
            }
        }
    }

    /// A number that must be there.
    pub fn required_number(&mut self, key: &'static str, diagnostics: &mut Diagnostics) -> Option<Placed<String>> {
        if self.value(key).is_none() {
            self.missing(key, diagnostics);
        }
        self.number(key, diagnostics)
    }

    /// A date, written without quotation marks: `2021-07-15`.
    pub fn date(&mut self, key: &'static str, diagnostics: &mut Diagnostics) -> Option<Date> {
        let value = self.value(key)?;
        let found = match value.get_ref() {
            DeValue::Datetime(datetime) if datetime.time.is_none() => {
                datetime.date.and_then(|date| Date::new(date.year as i16, date.month as i8, date.day as i8).ok())
            }
            _ => None,
        };
        if found.is_none() {
            self.wrong_type(key, value, "a date like 2021-07-15, without quotation marks", diagnostics);
        }
        found
    }

    /// A list of texts; absent means empty.
    pub fn texts(&mut self, key: &'static str, diagnostics: &mut Diagnostics) -> Vec<Placed<String>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(key, value, "a list of texts", diagnostics);
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in array.iter() {
            match item.get_ref().as_str() {
                Some(text) => texts.push(Placed { value: text.to_owned(), span: self.shift(item.span()) }),
                None => self.wrong_type(key, item, "a list of texts", diagnostics),
            }
        }
        texts
    }

    /// A list of numbers `[20, 85]`, each as written; absent means empty.
    pub fn numbers(&mut self, key: &'static str, diagnostics: &mut Diagnostics) -> Vec<Placed<String>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(key, value, "a list of numbers like [20, 85]", diagnostics);
            return Vec::new();
        };
        let mut numbers = Vec::new();
        for item in array.iter() {
            match number_text(item.get_ref()) {
                Some(text) => numbers.push(Placed { value: text, span: self.shift(item.span()) }),
                None => self.wrong_type(key, item, "a number", diagnostics),
            }
        }
        numbers
    }

    /// A list of points `[[0.6, 0], [1, 100]]`, each number as written.
    pub fn points(&mut self, key: &'static str, diagnostics: &mut Diagnostics) -> Vec<Placed<(String, String)>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let mut points = Vec::new();
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(key, value, "a list of points like [[0.6, 0], [1, 100]]", diagnostics);
            return points;
        };
        for item in array.iter() {
            let pair = item.get_ref().as_array().filter(|pair| pair.len() == 2).and_then(|pair| {
                let mut numbers = pair.iter().map(|number| number_text(number.get_ref()));
                Some((numbers.next()??, numbers.next()??))
            });
            match pair {
                Some(pair) => points.push(Placed { value: pair, span: self.shift(item.span()) }),
                None => self.wrong_type(key, item, "a point like [0.6, 0]", diagnostics),
            }
        }
        points
    }

    /// A table whose keys are free (enum codes, renamed columns), each with a text or a list of texts.
    pub fn free_table(&mut self, key: &'static str, diagnostics: &mut Diagnostics) -> Vec<(Placed<String>, Vec<Placed<String>>)> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type(key, value, "a table", diagnostics);
            return Vec::new();
        };
        let mut rows = Vec::new();
        for (name, value) in table.iter() {
            let placed_name = Placed { value: name.get_ref().to_string(), span: self.shift(name.span()) };
            let texts: Option<Vec<Placed<String>>> = match value.get_ref() {
                DeValue::String(text) => Some(vec![Placed { value: text.to_string(), span: self.shift(value.span()) }]),
                DeValue::Array(array) => array
                    .iter()
                    .map(|item| item.get_ref().as_str().map(|text| Placed { value: text.to_owned(), span: self.shift(item.span()) }))
                    .collect(),
                _ => None,
            };
            match texts {
                Some(texts) => rows.push((placed_name, texts)),
                None => self.wrong_type(name.get_ref(), value, "a text or a list of texts", diagnostics),
            }
        }
        rows
    }

    /// A table `[key]`, handed to `read`; `None` when absent.
    pub fn section<T>(
        &mut self,
        key: &'static str,
        diagnostics: &mut Diagnostics,
        read: impl FnOnce(&mut Section<'_>, &mut Diagnostics) -> Option<T>,
    ) -> Option<T> {
        let value = self.value(key)?;
        match value.get_ref().as_table() {
            Some(table) => {
                let what = format!("[{key}]");
                let mut section =
                    Section { table, span: value.span(), file: self.file, offset: self.offset, what: &what, asked: BTreeSet::new() };
                let read_value = read(&mut section, diagnostics);
                section.finish(diagnostics);
                read_value
            }
            None => {
                self.wrong_type(key, value, "a table", diagnostics);
                None
            }
        }
    }

    /// The tables `[[key]]`, each handed to `read`; those that `read` refuses are left out.
    pub fn sections<T>(
        &mut self,
        key: &'static str,
        diagnostics: &mut Diagnostics,
        mut read: impl FnMut(&mut Section<'_>, &mut Diagnostics) -> Option<T>,
    ) -> Vec<T> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(key, value, "a list of tables, written [[…]]", diagnostics);
            return Vec::new();
        };
        let what = format!("[[{key}]]");
        let mut all = Vec::new();
        for item in array.iter() {
            let Some(table) = item.get_ref().as_table() else {
                self.wrong_type(key, item, "a table", diagnostics);
                continue;
            };
            let mut section =
                Section { table, span: item.span(), file: self.file, offset: self.offset, what: &what, asked: BTreeSet::new() };
            let read_value = read(&mut section, diagnostics);
            section.finish(diagnostics);
            all.extend(read_value);
        }
        all
    }

    fn finish(self, diagnostics: &mut Diagnostics) {
        for (key, _) in self.table.iter() {
            if !self.asked.contains(key.get_ref().as_ref()) {
                diagnostics
                    .error("unknown-key", self.file, Some(self.shift(key.span())), format!("{} has no key `{}`", self.what, key.get_ref()))
                    .hint_nearest(key.get_ref(), self.asked.iter().copied());
            }
        }
    }
}

fn number_text(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().replace('_', "")),
        DeValue::Float(number) => Some(number.as_str().replace('_', "")),
        _ => None,
    }
}
