//! The shell.
//!
//! In: lines from a terminal. Out: tables on standard output, everything else on standard error. Ctrl-C stops the query that
//! runs, or drops the line that is typed; Ctrl-D leaves. Never here: a silent cap: what is not shown is counted and said.

use std::borrow::Cow;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use futures::StreamExt;
use reedline::{
    ColumnarMenu, DefaultHinter, Emacs, FileBackedHistory, KeyCode, KeyModifiers, MenuBuilder, Prompt, PromptEditMode, PromptHistorySearch,
    Reedline, ReedlineEvent, ReedlineMenu, Signal, ValidationResult, Validator, default_emacs_keybindings,
};
use tokio::sync::Notify;

use super::catalogue::Relation;
use super::complete::{COMMANDS, Names};
use super::output::{self, Target};
use super::query::{Engine, Failure, Rows, Text};
use super::table::Grid;
use super::{SqlFormat, statements};
use crate::diagnostics::nearest;
use crate::error::{Context, Kind, Result};

/// Rows shown before the rest is only counted.
const SHOWN: usize = 200;
/// Statements kept in the history.
const REMEMBERED: usize = 2_000;
/// Name of the shell's text in messages.
const NAME: &str = "sql";

struct Shell {
    engine: Engine,
    format: SqlFormat,
    is_timed: bool,
    is_upright: bool,
    /// The last query, for `\all`.
    last: Option<String>,
    /// Told of every Ctrl-C.
    interrupts: Arc<Notify>,
}

/// Reads, runs and shows until the person leaves.
///
/// # Errors
/// A terminal that can't be read; a history that can't be kept.
pub(super) async fn run(engine: Engine, format: SqlFormat, history: Option<PathBuf>) -> Result<()> {
    let mut editor = editor(&engine, history.as_deref())?;
    eprintln!("kaohe sql：只读。语句以 ; 结束，Tab 补全，\\? 帮助，\\q 退出。");
    let mut shell = Shell { engine, format, is_timed: false, is_upright: false, last: None, interrupts: listen()? };
    loop {
        // The terminal is read on this thread: nothing else runs while a person types.
        match editor.read_line(&Marks).context(Kind::Environment, || "reading the terminal")? {
            Signal::Success(line) => {
                // A history that can't be written must not end the work.
                let _ = editor.sync_history();
                if shell.take(&line).await {
                    return Ok(());
                }
            }
            Signal::CtrlD => return Ok(()),
            _ => {}
        }
    }
}

/// Hears Ctrl-C on a thread of its own: a query may keep every thread of the runtime busy.
fn listen() -> Result<Arc<Notify>> {
    let what = || "listening for Ctrl-C";
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context(Kind::Environment, what)?;
    let interrupts = Arc::new(Notify::new());
    let told = Arc::clone(&interrupts);
    let wait = move || {
        runtime.block_on(async {
            while tokio::signal::ctrl_c().await.is_ok() {
                told.notify_waiters();
            }
        });
    };
    std::thread::Builder::new().name("interrupts".to_owned()).spawn(wait).context(Kind::Environment, what)?;
    Ok(interrupts)
}

fn editor(engine: &Engine, history: Option<&Path>) -> Result<Reedline> {
    let mut keys = default_emacs_keybindings();
    let complete = ReedlineEvent::UntilFound(vec![ReedlineEvent::Menu("names".to_owned()), ReedlineEvent::MenuNext]);
    keys.add_binding(KeyModifiers::NONE, KeyCode::Tab, complete);
    keys.add_binding(KeyModifiers::SHIFT, KeyCode::BackTab, ReedlineEvent::MenuPrevious);
    let menu = ColumnarMenu::default().with_name("names").with_columns(4);
    let mut editor = Reedline::create()
        .with_completer(Box::new(Names::new(engine.catalogue.clone())))
        .with_menu(ReedlineMenu::EngineCompleter(Box::new(menu)))
        .with_quick_completions(true)
        .with_partial_completions(true)
        .with_edit_mode(Box::new(Emacs::new(keys)))
        .with_validator(Box::new(Finished))
        .with_hinter(Box::new(DefaultHinter::default()))
        .use_bracketed_paste(true)
        .with_ansi_colors(std::env::var_os("NO_COLOR").is_none())
        // What begins with a blank is not remembered.
        .with_history_exclusion_prefix(Some(" ".to_owned()));
    if let Some(path) = history {
        let what = || format!("keeping the history in {}", path.display());
        make_private(path).context(Kind::Environment, what)?;
        let file = FileBackedHistory::with_file(REMEMBERED, path.to_owned()).context(Kind::Environment, what)?;
        editor = editor.with_history(Box::new(file));
    }
    Ok(editor)
}

/// Statements may hold personal data: only their writer may read them.
fn make_private(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
        let file = options.mode(0o600).open(path)?;
        file.set_permissions(std::fs::Permissions::from_mode(0o600))
    }
    #[cfg(not(unix))]
    {
        options.open(path).map(|_| ())
    }
}

/// Waits for `;`, except after a command.
struct Finished;

impl Validator for Finished {
    fn validate(&self, line: &str) -> ValidationResult {
        if is_command(line) || statements::is_finished(line) { ValidationResult::Complete } else { ValidationResult::Incomplete }
    }
}

fn is_command(line: &str) -> bool {
    let line = line.trim();
    line.starts_with('\\') || matches!(line.to_ascii_lowercase().as_str(), "quit" | "exit" | "help")
}

struct Marks;

impl Prompt for Marks {
    fn render_prompt_left(&self) -> Cow<'_, str> {
        Cow::Borrowed("kaohe")
    }

    fn render_prompt_right(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    fn render_prompt_indicator(&self, _: PromptEditMode) -> Cow<'_, str> {
        Cow::Borrowed("> ")
    }

    fn render_prompt_multiline_indicator(&self) -> Cow<'_, str> {
        Cow::Borrowed("   ..> ")
    }

    fn render_prompt_history_search_indicator(&self, search: PromptHistorySearch) -> Cow<'_, str> {
        Cow::Owned(format!("（查找历史：{}）", search.term))
    }
}

impl Shell {
    /// Runs what was typed; true when the person leaves.
    async fn take(&mut self, line: &str) -> bool {
        if is_command(line) {
            return self.command(line.trim().trim_end_matches(';').trim_end()).await;
        }
        let text = Text { name: NAME.to_owned(), text: line.to_owned() };
        for statement in statements::split(line) {
            self.last = Some(line[statement.clone()].to_owned());
            if !self.show(&text, &statement, SHOWN).await {
                break;
            }
        }
        false
    }

    async fn command(&mut self, line: &str) -> bool {
        let (word, rest) = line.split_once(char::is_whitespace).map_or((line, ""), |(word, rest)| (word, rest.trim()));
        match (word, rest) {
            ("\\q" | "quit" | "exit", "") => return true,
            ("\\?" | "\\h" | "help", _) => eprint!("{}", help()),
            ("\\d", "") => self.list(),
            ("\\d", name) => self.list_columns(name),
            ("\\timing", "") => {
                self.is_timed = !self.is_timed;
                eprintln!("用时：{}", if self.is_timed { "显示" } else { "不显示" });
            }
            ("\\x", "") => {
                self.is_upright = !self.is_upright;
                eprintln!("竖排：{}", if self.is_upright { "是" } else { "否" });
            }
            ("\\all", "") => match self.last.clone() {
                Some(text) => {
                    let statement = 0..text.len();
                    self.show(&Text { name: NAME.to_owned(), text }, &statement, usize::MAX).await;
                }
                None => eprintln!("还没有执行过查询"),
            },
            _ => eprintln!("没有命令 {line}；\\? 列出全部命令"),
        }
        false
    }

    /// Runs one statement; false when it failed or was stopped.
    async fn show(&self, text: &Text, statement: &std::ops::Range<usize>, limit: usize) -> bool {
        let start = Instant::now();
        let work = async {
            let rows = self.engine.rows(text, statement, self.format).await?;
            let shown = match self.format {
                SqlFormat::Csv | SqlFormat::Json => write_rows(rows, self.format).await,
                _ => self.write_table(rows, limit).await,
            };
            shown.map_err(|failure| self.engine.explain(failure, text, statement))
        };
        let done = tokio::select! {
            biased;
            () = self.interrupts.notified() => {
                eprintln!("已停止");
                return false;
            }
            done = work => done,
        };
        if let Err(error) = &done {
            eprintln!("{error}");
        }
        if self.is_timed {
            eprintln!("用时 {:.3} 秒", start.elapsed().as_secs_f64());
        }
        done.is_ok()
    }

    async fn write_table(&self, mut rows: Rows, limit: usize) -> Result<(), Failure> {
        let mut grid = Grid::new(&rows.schema);
        let mut total = 0;
        while let Some(batch) = rows.stream.next().await {
            let batch = batch?;
            total += batch.num_rows();
            grid.add(&batch, limit.saturating_sub(grid.rows()))?;
        }
        let mut out = std::io::stdout().lock();
        let written = if self.is_upright { grid.write_upright(&mut out) } else { grid.write(&mut out) };
        written.and_then(|()| out.flush()).context(Kind::Environment, || "writing rows")?;
        if grid.rows() < total {
            eprintln!("显示前 {} 行，共 {total} 行（\\all 显示全部）", grid.rows());
        } else {
            eprintln!("共 {total} 行");
        }
        Ok(())
    }

    fn list(&self) {
        let row = |relation: &Relation| {
            vec![relation.kind.word().to_owned(), relation.name.clone(), relation.columns.len().to_string(), relation.title.clone()]
        };
        let rows = self.engine.catalogue.relations.iter().map(row).collect();
        print_grid(&Grid::of_texts(&["种类", "名称", "列数", "标题"], rows));
    }

    fn list_columns(&self, name: &str) {
        let known = &self.engine.catalogue;
        match known.relation(name.trim_matches('"')) {
            Some(relation) => {
                eprintln!("{} {} {}", relation.kind.word(), relation.name, relation.title);
                let row =
                    |column: &super::catalogue::RelationColumn| vec![column.name.clone(), column.kind.clone(), column.meaning.clone()];
                print_grid(&Grid::of_texts(&["列", "类型", "含义"], relation.columns.iter().map(row).collect()));
            }
            None => {
                let near = nearest(name, known.relations.iter().map(|relation| relation.name.as_str()));
                let hint = near.map(|near| format!("；是否要找 {near}？")).unwrap_or_default();
                eprintln!("没有名为 {name} 的表{hint}");
            }
        }
    }
}

async fn write_rows(rows: Rows, format: SqlFormat) -> Result<(), Failure> {
    let mut target = Target::open(None)?;
    let total = output::write(rows, format, &mut target).await?;
    target.finish()?;
    eprintln!("共 {total} 行");
    Ok(())
}

fn print_grid(grid: &Grid) {
    let mut out = std::io::stdout().lock();
    // Nobody is left to tell when the terminal is gone.
    let _ = grid.write(&mut out).and_then(|()| out.flush());
}

fn help() -> String {
    let mut text = String::from("语句以 ; 结束，可写多行；Ctrl-C 停止正在执行的查询；以空格开头的语句不进入历史。\n");
    text.push_str("$as_of（统计截止日 24:00）和 $from（统计期起点）可直接使用，指标文件可原样粘贴。\n");
    let rows = COMMANDS.iter().map(|(word, says)| vec![(*word).to_owned(), (*says).to_owned()]).collect();
    let mut lines = Vec::new();
    if Grid::of_texts(&["命令", "作用"], rows).write(&mut lines).is_ok() {
        text.push_str(&String::from_utf8_lossy(&lines));
    }
    text
}
