//! An operation that failed: who must act, what was being done, what went wrong below.
//!
//! In: failures of disks, stores, engines and sources. Out: one [`Error`] with a chain of contexts, and an exit code.
//! Never here: messages about text somebody wrote ([`crate::diagnostics`]) or about bad rows (quarantine).
//!
//! Policy: there is no catch-all kind and no silent conversion. Every crossing from another crate names the file, table or
//! indicator it was working on, through [`Context`].

use std::fmt;

use crate::diagnostics::nearest;

/// Who must act on a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Whoever wrote the command line, `kaohe.toml`, or library text that stops a run. Exit code 2.
    Configuration,
    /// Whoever delivers the source file. Exit code 1.
    Source,
    /// Whoever wrote the SQL. Exit code 1.
    Query,
    /// Whoever runs another kaohe at the same time. Exit code 3.
    Conflict,
    /// Whoever runs the machine: disk, permissions, store. Exit code 3.
    Environment,
    /// The developers of kaohe. Exit code 3.
    Bug,
}

impl Kind {
    /// The process exit code that this kind ends with.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Source | Self::Query => 1,
            Self::Configuration => 2,
            Self::Conflict | Self::Environment | Self::Bug => 3,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Source => "source",
            Self::Query => "query",
            Self::Conflict => "conflict",
            Self::Environment => "environment",
            Self::Bug => "bug in kaohe",
        }
    }
}

/// A failed operation.
#[derive(Debug)]
pub struct Error {
    /// Who must act.
    pub kind: Kind,
    /// What was being done, outermost last.
    context: Vec<String>,
    /// What went wrong.
    message: String,
    /// What to do about it.
    hint: Option<String>,
}

/// The result of an operation that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A failure found by kaohe itself.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, context: Vec::new(), message: message.into(), hint: None }
    }

    /// Says what to do.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says what to do, where nothing is said yet.
    pub fn or_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint.get_or_insert_with(|| hint.into());
        self
    }

    /// Says "did you mean …" when one of `known` is near to `written`.
    pub fn hint_nearest<'a>(mut self, written: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        self.hint = nearest(written, known).map(|near| format!("did you mean `{near}`?")).or(self.hint);
        self
    }

    /// Says what was being done.
    pub fn while_doing(mut self, context: impl Into<String>) -> Self {
        self.context.push(context.into());
        self
    }

    /// The whole text without the word of its kind, as the reason why a table is held.
    pub fn without_kind(&self) -> String {
        let text = self.to_string();
        text.split_once("]: ").map_or(text.clone(), |(_, rest)| rest.to_owned())
    }

    /// The message without its context, for tables and journals.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: ", self.kind.word())?;
        for context in self.context.iter().rev() {
            write!(f, "{context}: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// Turns a foreign failure into an [`Error`] by naming who must act and what was being done.
pub trait Context<T> {
    /// `what` is evaluated only on failure.
    fn context<S: Into<String>>(self, kind: Kind, what: impl FnOnce() -> S) -> Result<T>;
}

impl<T, E: fmt::Display> Context<T> for std::result::Result<T, E> {
    fn context<S: Into<String>>(self, kind: Kind, what: impl FnOnce() -> S) -> Result<T> {
        self.map_err(|source| Error::new(kind, source.to_string()).while_doing(what()))
    }
}
