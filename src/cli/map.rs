//! `kaohe map FILE`: an extract that nobody has described, proposed as a `[[source]]` to edit.
//!
//! In: a file, the project where there is one, else the shipped library. Out: text for kaohe.toml on standard output, in which what is not
//! certain is a comment; a summary for people on standard error. Never here: how a proposal comes about.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use unicode_width::UnicodeWidthStr;

use super::Common;
use super::surroundings::TemporaryFolder;
use crate::diagnostics::{Diagnostics, is_harmful};
use crate::error::Result;
use crate::ingest::propose::{Answer, Candidate, Fate, Missing, Proposal, Question, Trial, propose};
use crate::library::Library;
use crate::project::Project;
use crate::terms::counted;

/// Columns of a terminal that a list may take.
const WIDTH: usize = 130;

/// Flags of `kaohe map`.
#[derive(Args)]
pub struct Arguments {
    /// The extract, or several: CSV, XLSX, JSON lines or Parquet
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The table that it is; default: the one whose contract fits best
    #[arg(long, value_name = "TABLE")]
    table: Option<String>,
    /// Records that are looked at and tried, from the beginning of each table
    #[arg(long, value_name = "N", default_value = "20000", value_parser = clap::value_parser!(u64).range(1..))]
    rows: u64,
}

/// Looks, proposes, and ends with 1 where no table fits.
pub fn map(common: &Common, arguments: &Arguments) -> Result<u8> {
    let directory = match &common.project {
        Some(_) => Some(common.directory()?),
        None => common.directory().ok(),
    };
    let (library, mut diagnostics) = Library::read(directory.as_ref().map(|directory| directory.join("queries")).as_deref())?;
    let project = match &directory {
        Some(directory) => read_project(directory, &mut diagnostics)?,
        None => None,
    };
    if diagnostics.errors() > 0 {
        tell_line!(
            "warning: {} in the project's text, which is used as far as it reads; `kaohe check` names them",
            counted(diagnostics.errors(), "error")
        );
    }
    let staging = TemporaryFolder::make()?;
    let mut ended = Ok(0);
    for file in &arguments.files {
        let answer = propose(&Question {
            file,
            library: &library,
            project: project.as_ref(),
            table: arguments.table.as_deref(),
            rows: arguments.rows,
            as_of: common.as_of(),
            staging: staging.path(),
        });
        match answer {
            Ok(answer) => {
                let fits = tell(&answer, file, directory.as_deref(), common.quiet);
                ended = ended.map(|code: u8| code.max(u8::from(!fits)));
            }
            // The others are looked at all the same; the first failure is how the command ends.
            Err(error) if ended.is_ok() => ended = Err(error),
            Err(error) => tell_line!("{error}"),
        }
    }
    ended
}

/// Writes what is proposed, and the summary; whether any table fits.
fn tell(answer: &Answer, file: &Path, project: Option<&Path>, is_quiet: bool) -> bool {
    let fits = answer.tables.iter().any(|proposal| proposal.best().is_some());
    if fits {
        say!("{}", text_of(answer, file, project));
    }
    if !is_quiet || !fits {
        answer.tables.iter().for_each(|proposal| tell_line!("{}", summary(proposal, file)));
    }
    fits
}

fn read_project(directory: &Path, diagnostics: &mut Diagnostics) -> Result<Option<Project>> {
    let environment: BTreeMap<String, String> = std::env::vars().collect();
    Project::read(directory, &environment, diagnostics)
}

/// A summary for people: table, headers, what the trial gave.
fn summary(proposal: &Proposal, file: &Path) -> String {
    let of = proposal
        .sheet
        .as_ref()
        .map_or_else(|| shown(&file.display().to_string()), |sheet| format!("{} › {}", file.display(), shown(sheet)));
    let Some(best) = proposal.best() else {
        let nearest: Vec<String> = proposal.candidates.iter().take(3).map(standing).collect();
        return format!(
            "{of}: no table fits; nearest: {}\nhint: name one with --table, or write a contract of your own: queries/tables/<table>.toml",
            nearest.join("; ")
        );
    };
    let mut text = format!("{of}: {}", standing(best));
    let left = proposal.headers.iter().filter(|header| header.fate == Fate::Unknown).count();
    if left > 0 {
        _ = write!(text, "; {} of no column", counted(left, "header"));
    }
    for remark in &proposal.remarks {
        _ = write!(text, "\n  {remark}");
    }
    if let Some(trial) = &proposal.trial {
        _ = write!(text, "\n  {}", figures(trial, &without(proposal), proposal.goes_on));
    }
    text
}

/// A table with how far it fits.
fn standing(candidate: &Candidate) -> String {
    let Candidate { table, title, known, sure, doubtful, required, missing, .. } = candidate;
    let mut parts = vec![format!("{} known", counted(*known, "header"))];
    if *sure > 0 {
        parts.push(format!("{sure} more surely meant"));
    }
    if *doubtful > 0 {
        parts.push(format!("{doubtful} doubtful"));
    }
    parts.push(format!("{} of {} required columns", required - missing.len(), required));
    if !missing.is_empty() {
        parts.push(format!("missing {}", missing.join(", ")));
    }
    format!("{table} {title} ({})", parts.join(", "))
}

fn figures(trial: &Trial, missing: &[&str], goes_on: bool) -> String {
    let of = format!("{}{}", if goes_on { "the first " } else { "" }, counted(trial.records as usize, "record"));
    match &trial.held {
        // The loader stops at the header, and says at length what the lines above say.
        Some(_) if trial.records == 0 && !missing.is_empty() => format!("the table would be held: nothing gives {}", missing.join(", ")),
        held => {
            let (word, held) = match held {
                Some(held) => ("good", format!("; the table would be held: {}", plain(held))),
                None => ("loaded", String::new()),
            };
            format!("tried on {of}: {} {word}, {} set apart, {} twice under one key{held}", trial.good, trial.quarantined, trial.duplicates)
        }
    }
}

/// Columns without which no row loads and that nothing certain gives.
fn without(proposal: &Proposal) -> Vec<&str> {
    proposal.missing.iter().filter(|missing| missing.default.is_none()).map(|missing| missing.column.as_str()).collect()
}

/// The reasons of a table that is held, without their hints.
fn plain(held: &str) -> String {
    held.lines().filter(|line| !line.starts_with("hint: ")).collect::<Vec<_>>().join("; ")
}

/// The text for kaohe.toml.
fn text_of(answer: &Answer, file: &Path, project: Option<&Path>) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    line(format!(
        "# What `kaohe map` proposes for {}. What is certain stands as it is; a line that begins with # is not, and is not read",
        shown(&file.display().to_string())
    ));
    line("# until somebody takes the # away. Edit it, put it into kaohe.toml, then `kaohe check` and `kaohe load`.".to_owned());
    for sheet in &answer.other_sheets {
        line(format!("# The worksheet {} has no header and was not looked at.", shown(sheet)));
    }
    for proposal in &answer.tables {
        line(String::new());
        lines_of(answer, proposal, file, project, &mut line);
    }
    out
}

fn lines_of(answer: &Answer, proposal: &Proposal, file: &Path, project: Option<&Path>, line: &mut dyn FnMut(String)) {
    let Some(best) = proposal.best() else {
        let nearest: Vec<String> = proposal.candidates.iter().take(3).map(standing).collect();
        line(format!("# {}: no table fits; nearest: {}", shown(proposal.sheet.as_deref().unwrap_or_default()), nearest.join("; ")));
        return;
    };
    line(format!("# {}", standing(best)));
    for next in proposal.candidates.iter().skip(1).filter(|candidate| candidate.fits) {
        line(format!("# next best: {}", standing(next)));
    }
    proposal.remarks.iter().for_each(|remark| line(format!("# {}", shown(remark))));
    line("[[source]]".to_owned());
    line(format!("table = {}", quoted(&best.table)));
    let (path, is_inside) = path_of(file, project);
    let note = if is_inside { "" } else { "   # the file lies elsewhere: copy it there, or name its folder by root = \"$VARIABLE\"" };
    line(format!("path = {}{note}", quoted(&path)));
    line(format!("# read as {}", reading(answer, proposal)));
    if answer.format_is_untold {
        line(format!("format = {}", quoted(answer.format.word())));
    }
    if let Some(encoding) = answer.declared {
        line(format!("encoding = {}   # GB18030 would read its few accented letters as Chinese", quoted(encoding.word())));
    }
    if let Some(delimiter) = proposal.delimiter.filter(|_| proposal.delimiter_is_needed) {
        line(format!("delimiter = {}", quoted(&char::from(delimiter).to_string())));
    }
    if let Some(sheet) = &proposal.sheet {
        line(format!("sheet = {}", quoted(sheet)));
    }
    lines_of_headers(proposal, line);
    lines_of_labels(proposal, line);
    lines_of_missing(&proposal.missing, line);
    lines_of_trials(proposal, line);
}

/// Path for kaohe.toml, and whether the file lies there.
fn path_of(file: &Path, project: Option<&Path>) -> (String, bool) {
    let real = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let inside =
        project.and_then(|project| project.canonicalize().ok()).and_then(|project| real.strip_prefix(project).map(Path::to_owned).ok());
    match inside {
        Some(inside) => (inside.to_string_lossy().into_owned(), true),
        None => (format!("sources/{}", file.file_name().unwrap_or_default().to_string_lossy()), false),
    }
}

fn reading(answer: &Answer, proposal: &Proposal) -> String {
    let mut parts = vec![answer.format.word().to_owned()];
    parts.extend(answer.encoding.map(str::to_owned));
    parts.extend(proposal.delimiter.map(|delimiter| format!("delimiter {}", quoted(&char::from(delimiter).to_string()))));
    let sheets: Vec<String> = proposal.sheets.iter().map(|sheet| shown(sheet)).collect();
    match sheets.len() {
        0 => {}
        1 => parts.push(format!("worksheet {}", sheets[0])),
        _ => parts.push(format!("worksheets {}", sheets.join(", "))),
    }
    if proposal.line > 0 {
        parts.push(format!("header in line {}", proposal.line));
    }
    let more = if proposal.goes_on { ", and there are more" } else { "" };
    parts.push(format!("{} looked at{more}", counted(proposal.records as usize, "record")));
    parts.join(", ")
}

fn lines_of_headers(proposal: &Proposal, line: &mut dyn FnMut(String)) {
    let known: Vec<String> = proposal
        .headers
        .iter()
        .filter_map(|header| match &header.fate {
            Fate::Recognised { column, .. } if *column == header.name => Some(column.clone()),
            Fate::Recognised { column, .. } => Some(format!("{} = {column}", shown(&header.name))),
            _ => None,
        })
        .collect();
    if !known.is_empty() {
        wrapped("headers that the contract knows: ", &known, line);
    }
    if proposal.headers.iter().any(|header| !matches!(header.fate, Fate::Recognised { .. })) {
        line("[source.columns]".to_owned());
    }
    for header in &proposal.headers {
        let key = quoted(&header.name);
        match &header.fate {
            Fate::Recognised { doubt: None, .. } => {}
            Fate::Recognised { column, doubt: Some(doubt) } => {
                line(format!("# {} is known as `{column}`, but {doubt}", shown(&header.name)));
            }
            Fate::Renamed { to, is_sure: true, because } => line(format!("{key} = {}   # {}", quoted(to), shown(because))),
            Fate::Renamed { to, because, .. } => line(format!("# {key} = {}   # not certain: {}", quoted(to), shown(because))),
            Fate::Ignored { column } => line(format!("{key} = \"\"   # another header gives `{column}` and has more values")),
            Fate::Unknown => line(format!("# {key} = \"\"   # of no column; {}", header.holds)),
        }
    }
}

/// A list in comments of a readable length.
fn wrapped(head: &str, items: &[String], line: &mut dyn FnMut(String)) {
    let mut text = format!("# {head}");
    for (rank, item) in items.iter().enumerate() {
        let item = format!("{item}{}", if rank + 1 < items.len() { ", " } else { "" });
        if text.width() + item.width() > WIDTH {
            line(std::mem::replace(&mut text, "#   ".to_owned()).trim_end().to_owned());
        }
        text.push_str(&item);
    }
    line(text);
}

fn lines_of_labels(proposal: &Proposal, line: &mut dyn FnMut(String)) {
    for column in &proposal.labels {
        line(format!("[source.codes.{}]   # codes: {}", column.column, column.codes.join(", ")));
        for label in &column.labels {
            let (key, rows) = (quoted(&label.label), counted(label.rows as usize, "row"));
            match &label.code {
                Some(code) if label.is_sure => line(format!("{key} = {}   # {rows}; {}", quoted(code), shown(&label.because))),
                Some(code) => line(format!("# {key} = {}   # {rows}; not certain: {}", quoted(code), shown(&label.because))),
                None => line(format!("# {key} = \"\"   # {rows}; {}", label.because)),
            }
        }
        if column.hidden > 0 {
            line(format!(
                "# {} more of no known label, too long or too many to be labels: does this header mean the column?",
                counted(column.hidden, "text")
            ));
        }
    }
}

fn lines_of_missing(missing: &[Missing], line: &mut dyn FnMut(String)) {
    if missing.is_empty() {
        return;
    }
    line("[source.constants]   # what the whole file means where it has no such header; \"\" is no value".to_owned());
    for Missing { column, meaning, codes, is_key, default, perhaps } in missing {
        let one_of = if codes.is_empty() { String::new() } else { format!("; one of {}", codes.join(", ")) };
        let without = match default {
            Some(default) => format!("without it every row counts as `{default}`"),
            None if *is_key => "no row can do without; it is the key, which a constant can't give: a mapping SQL has to make it".to_owned(),
            None => "no row can do without".to_owned(),
        };
        match perhaps {
            Some(header) => line(format!("# {column}: {}; {without}; perhaps the header {}, see above", shown(meaning), shown(header))),
            None => line(format!("# {column} = \"\"   # {}{one_of}; {without}", shown(meaning))),
        }
    }
}

fn lines_of_trials(proposal: &Proposal, line: &mut dyn FnMut(String)) {
    match &proposal.trial {
        Some(trial) => lines_of_trial(trial, "as it stands, ", &without(proposal), proposal.goes_on, line),
        None => line("# as it stands, no header is certain, and nothing would be loaded".to_owned()),
    }
    if let (Some(trial), Some(best)) = (&proposal.trial_with_doubtful, proposal.best()) {
        let missing: Vec<&str> = best.missing.iter().map(String::as_str).collect();
        lines_of_trial(trial, "with every line that proposes a column or code, ", &missing, proposal.goes_on, line);
    }
}

fn lines_of_trial(trial: &Trial, what: &str, missing: &[&str], goes_on: bool, line: &mut dyn FnMut(String)) {
    line(format!("# {what}{}", figures(trial, missing, goes_on)));
    trial.reasons.iter().for_each(|(reason, rows)| line(format!("#   {rows} set apart: {}", shown(reason))));
    trial.warnings.iter().for_each(|(warning, rows)| line(format!("#   {rows} remarked on: {}", shown(warning))));
}

fn escaped(c: char) -> String {
    format!("\\u{:04x}", u32::from(c))
}

/// A text as a TOML string on one line.
fn quoted(text: &str) -> String {
    let shown = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        c if is_harmful(c) => escaped(c),
        c => c.to_string(),
    };
    format!("\"{}\"", text.chars().map(shown).collect::<String>())
}

/// A text inside a comment.
fn shown(text: &str) -> String {
    text.chars().map(|c| if is_harmful(c) { escaped(c) } else { c.to_string() }).collect()
}
