//! Rows of databases → files below the run's folder, which a load then reads like any other.
//!
//! In: the project's sources. Out: the same sources, those of databases with a Parquet file of texts each, or with the reason why there is
//! none. Never here: types, quarantine, the lake; an address of a database in a message.
//!
//! ```text
//! database ─one snapshot─▶ COPY (SELECT every column as text, in the declared order) ─▶ file ─▶ as any source of files
//!                  └─▶ count(*) and a checksum of the same rows, compared with those of the file
//! ```
//!
//! All sources of one database are pulled in one transaction, so that what they hold agrees. What fails holds the table of its source; the
//! others go on. A file of text would do, but for its reader's guesses (where the header stands, what a stray quotation mark has
//! swallowed): a database has no such doubts, and null stays null for a mapping.

#[cfg(feature = "databases")]
mod checksum;
#[cfg(feature = "databases")]
mod copy;
#[cfg(feature = "databases")]
mod server;
#[cfg(feature = "databases")]
mod text_file;

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::{Kind, Result};
use crate::project::{ConnectionUrl, Format, Source};

/// Sources as a load reads them.
#[derive(Debug, Default)]
pub struct Pulled {
    sources: Vec<Source>,
    notices: BTreeMap<String, Vec<String>>,
}

impl Pulled {
    /// The sources of one table, in the order written.
    pub fn sources_of(&self, table: &str) -> Vec<Source> {
        self.sources.iter().filter(|source| source.table == table).cloned().collect()
    }

    /// What whoever runs the load should know of the rows pulled for a table.
    pub fn notices_of(&self, table: &str) -> &[String] {
        self.notices.get(table).map_or(&[], Vec::as_slice)
    }
}

/// What one source came to: notices, or why its table is held.
type Outcome = Result<Vec<String>, String>;

/// Pulls every source that stands in a database into `folder`/`<table>`; sources of files stay as they are.
///
/// # Errors
/// The folder can't be written; this build has no databases. What a database refuses stands in [`crate::project::Database::pulled`].
pub async fn pull(sources: &[Source], folder: &Path, busy_with: &dyn Fn(&str)) -> Result<Pulled> {
    let mut pulled = Pulled { sources: sources.to_vec(), notices: BTreeMap::new() };
    let mut by_database: BTreeMap<String, Vec<&mut Source>> = BTreeMap::new();
    for (number, source) in pulled.sources.iter_mut().enumerate() {
        let Some(database) = &source.database else { continue };
        source.root = folder.join(&source.table).join(format!("pulled-{number}"));
        source.format = Some(Format::Parquet);
        by_database.entry(database.variable.clone()).or_default().push(source);
    }
    for mut of_one in by_database.into_values() {
        let outcomes = pull_database(&of_one, busy_with).await?;
        for (source, outcome) in of_one.iter_mut().zip(outcomes) {
            pulled.notices.entry(source.table.clone()).or_default().extend(outcome.iter().flatten().cloned());
            if let Some(database) = &mut source.database {
                database.pulled = Some(outcome.map(drop));
            }
        }
    }
    Ok(pulled)
}

/// Pulls sources of one database in one snapshot.
#[cfg(feature = "databases")]
async fn pull_database(sources: &[&mut Source], busy_with: &dyn Fn(&str)) -> Result<Vec<Outcome>> {
    use server::Server;

    let outcome = |source: &Source, result: Result<Vec<String>>| match result {
        Ok(notices) => Ok(Ok(notices)),
        Err(error) if error.kind == Kind::Source => Ok(Err(error.while_doing(&source.path).without_kind())),
        Err(error) => Err(error.while_doing(&source.path)),
    };
    let databases: Vec<_> = sources.iter().filter_map(|source| source.database.as_ref()).collect();
    let mut server = match Server::open(&databases).await {
        Ok(server) => server,
        Err(error) => {
            let why = error.without_kind();
            return Ok(sources.iter().map(|source| Err(format!("{}: {why}", source.path))).collect());
        }
    };
    let mut outcomes = Vec::new();
    for (source, database) in sources.iter().zip(databases) {
        busy_with(&source.path);
        let file = source.root.join(&source.path);
        outcomes.push(outcome(source, copy::copy(&mut server, database, &file).await)?);
    }
    server.close().await;
    Ok(outcomes)
}

#[cfg(not(feature = "databases"))]
async fn pull_database(_: &[&mut Source], _: &dyn Fn(&str)) -> Result<Vec<Outcome>> {
    Err(crate::error::Error::new(Kind::Configuration, WITHOUT_DATABASES.0).with_hint(WITHOUT_DATABASES.1))
}

/// What is said of a source that this build can't pull, and what to do.
#[cfg(not(feature = "databases"))]
const WITHOUT_DATABASES: (&str, &str) =
    ("this kaohe was built without databases", "build it with its default features, or with --features databases; or deliver files");

/// Why nothing can be pulled from an address, as far as the address itself tells: the fact, and what to do.
#[cfg(feature = "databases")]
pub(super) fn fault_of(url: Option<&ConnectionUrl>) -> Option<(String, String)> {
    server::settings(url?).err()
}

/// As above: without databases any address is one too many.
#[cfg(not(feature = "databases"))]
pub(super) fn fault_of(_: Option<&ConnectionUrl>) -> Option<(String, String)> {
    Some((WITHOUT_DATABASES.0.to_owned(), WITHOUT_DATABASES.1.to_owned()))
}
