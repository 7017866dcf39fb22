//! A message about text that somebody wrote: name, place, words, hint.
//!
//! In: positions (byte offsets) in SQL, TOML or CSV text. Out: diagnostics, collected over all files, sorted, rendered with
//! the excerpt and a caret, or as JSON for editors; which characters do harm in a line. Never here: a failed operation (that is [`crate::error`]), a bad data
//! row (that is quarantine). Columns are counted in characters, since the text is Chinese.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

/// How much a diagnostic weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The library can't be used as it is.
    Error,
    /// It can be used; somebody should look.
    Warning,
    /// Said for information only, for example "runs unfused, because …".
    Note,
}

/// One message about one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Kebab-case words that name the rule, for example `unknown-key`.
    pub name: &'static str,
    /// Its weight.
    pub severity: Severity,
    /// Path as the author knows it, for example `queries/clocks.toml`.
    pub file: String,
    /// Bytes of the file's text that the message is about; `None` speaks of the whole file.
    pub span: Option<Range<usize>>,
    /// The fact, one sentence without a final period.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// Diagnostics with the texts that they point into.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    items: Vec<Diagnostic>,
    texts: BTreeMap<String, String>,
}

/// A place as people count: from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

#[derive(Serialize)]
struct JsonDiagnostic<'a> {
    name: &'a str,
    severity: Severity,
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<Place>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<Place>,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

impl Diagnostics {
    /// Remembers a file's text, so that messages about it can show an excerpt.
    pub fn remember(&mut self, file: &str, text: &str) {
        self.texts.entry(file.to_owned()).or_insert_with(|| text.to_owned());
    }

    /// Adds an error.
    pub fn error(&mut self, name: &'static str, file: &str, span: Option<Range<usize>>, message: impl Into<String>) -> &mut Diagnostic {
        self.push(name, Severity::Error, file, span, message.into())
    }

    /// Adds a warning.
    pub fn warning(&mut self, name: &'static str, file: &str, span: Option<Range<usize>>, message: impl Into<String>) -> &mut Diagnostic {
        self.push(name, Severity::Warning, file, span, message.into())
    }

    /// Adds a note.
    pub fn note(&mut self, name: &'static str, file: &str, span: Option<Range<usize>>, message: impl Into<String>) -> &mut Diagnostic {
        self.push(name, Severity::Note, file, span, message.into())
    }

    fn push(&mut self, name: &'static str, severity: Severity, file: &str, span: Option<Range<usize>>, message: String) -> &mut Diagnostic {
        self.items.push(Diagnostic { name, severity, file: file.to_owned(), span, message, hint: None });
        self.items.last_mut().expect("an item was just pushed")
    }

    /// Drops what was said under this name: what it warns of is meant.
    pub fn forget(&mut self, name: &str) {
        self.items.retain(|item| item.name != name);
    }

    /// Takes over everything that `other` collected.
    pub fn absorb(&mut self, other: Self) {
        self.items.extend(other.items);
        self.texts.extend(other.texts);
    }

    /// All diagnostics, sorted by file and place; an identical message is kept once.
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut items: Vec<&Diagnostic> = self.items.iter().collect();
        items.sort_by_key(|item| {
            (item.file.clone(), item.span.as_ref().map_or(0, |span| span.start), item.severity, item.name, item.message.clone())
        });
        items.dedup();
        items
    }

    /// How many are errors.
    pub fn errors(&self) -> usize {
        self.sorted().iter().filter(|item| item.severity == Severity::Error).count()
    }

    /// Whether a file has an error.
    pub fn has_error_in(&self, file: &str) -> bool {
        self.sorted().iter().any(|item| item.severity == Severity::Error && item.file == file)
    }

    /// How many are warnings.
    pub fn warnings(&self) -> usize {
        self.sorted().iter().filter(|item| item.severity == Severity::Warning).count()
    }

    /// True when nothing was said.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Line and column of a byte offset in a remembered file.
    pub fn place(&self, file: &str, offset: usize) -> Option<Place> {
        let text = self.texts.get(file)?;
        let before = text.get(..floor_boundary(text, offset))?;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Some(Place { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 })
    }

    /// All diagnostics as text: heading, arrow to the place, excerpt with caret, hint.
    pub fn to_text(&self) -> String {
        self.to_text_of(|_| true)
    }

    /// The diagnostics of the files that `wanted` picks, as text.
    pub fn to_text_of(&self, wanted: impl Fn(&str) -> bool) -> String {
        self.sorted().into_iter().filter(|item| wanted(&item.file)).map(|item| self.render(item)).collect::<Vec<_>>().join("\n")
    }

    /// All diagnostics as JSON lines, for editors.
    pub fn to_json_lines(&self) -> String {
        let mut out = String::new();
        for item in self.sorted() {
            let place = |offset: usize| self.place(&item.file, offset);
            let line = JsonDiagnostic {
                name: item.name,
                severity: item.severity,
                file: &item.file,
                start: item.span.as_ref().and_then(|span| place(span.start)),
                end: item.span.as_ref().and_then(|span| place(span.end)),
                message: &item.message,
                hint: item.hint.as_deref(),
            };
            out.push_str(&serde_json::to_string(&line).expect("a diagnostic is plain text and numbers"));
            out.push('\n');
        }
        out
    }

    fn render(&self, item: &Diagnostic) -> String {
        let word = match item.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let mut out = format!("{word}[{}]: {}\n", item.name, item.message);
        let place = item.span.as_ref().and_then(|span| self.place(&item.file, span.start));
        match (place, &item.span, self.texts.get(&item.file)) {
            (Some(place), Some(span), Some(text)) => {
                let start = floor_boundary(text, span.start);
                let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
                let line = text[line_start..].lines().next().unwrap_or("");
                let end = floor_boundary(text, span.end.max(start)).min(line_start + line.len()).max(start);
                let indent = text[line_start..start].replace('\t', " ").width();
                let carets = text[start..end].width().max(1);
                let gutter = " ".repeat(place.line.to_string().len());
                out.push_str(&format!("{gutter}--> {}:{}:{}\n", item.file, place.line, place.column));
                out.push_str(&format!("{gutter} |\n{} | {}\n", place.line, line.replace('\t', " ")));
                out.push_str(&format!("{gutter} | {}{}\n", " ".repeat(indent), "^".repeat(carets)));
            }
            _ => out.push_str(&format!(" --> {}\n", item.file)),
        }
        if let Some(hint) = &item.hint {
            out.push_str(&format!("hint: {hint}\n"));
        }
        out
    }
}

impl Diagnostic {
    /// Adds the advice.
    pub fn hint(&mut self, hint: impl Into<String>) -> &mut Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds "did you mean …" when one of `known` is near to `written`.
    pub fn hint_nearest<'a>(&mut self, written: &str, known: impl IntoIterator<Item = &'a str>) -> &mut Self {
        if let Some(near) = nearest(written, known) {
            self.hint = Some(format!("did you mean `{near}`?"));
        }
        self
    }
}

/// Whether a character of somebody's text would do something to a line that shows it: a control, or one that turns the direction of writing.
pub fn is_harmful(c: char) -> bool {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}');
    c.is_control() || turns
}

/// The member of `known` that is nearest to `written`, if any is near enough to be a slip of the pen.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(written, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count().max(written.chars().count()) / 3).max(1))
        .min()
        .map(|(_, candidate)| candidate)
}

fn floor_boundary(text: &str, offset: usize) -> usize {
    text.floor_char_boundary(offset.min(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_in_characters_and_carets_in_display_width() {
        let mut diagnostics = Diagnostics::default();
        let text = "title = \"案件\"\nbetter = \"高\"  # 越高越好\n";
        diagnostics.remember("queries/a.toml", text);
        let start = text.find("越高").expect("the text holds it");
        diagnostics.error("test-rule", "queries/a.toml", Some(start..start + 6), "不认识的词").hint("改正");
        let rendered = diagnostics.to_text();
        assert!(rendered.contains("--> queries/a.toml:2:17\n"), "{rendered}");
        assert!(rendered.contains("\n  |                  ^^^^\n"), "{rendered}");
        assert!(rendered.ends_with("hint: 改正\n"));
    }

    #[test]
    fn the_nearest_word_is_offered_only_when_it_is_near() {
        assert_eq!(nearest("bettr", ["better", "basis"]), Some("better"));
        assert_eq!(nearest("colour", ["better", "basis"]), None);
    }
}
