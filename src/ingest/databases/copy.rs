//! The rows of one source, copied out of its database and compared with what the database says of them.
//!
//! In: a server whose snapshot stands, a selection, an order. Out: a file of texts, and perhaps a notice. Never here: connecting.
//!
//! Every value arrives as the text that PostgreSQL casts it to under fixed settings, an array as a JSON list; what it means is for the
//! contract of the table to say. Texts are put in order by their bytes, whatever the collation of the database.

use std::collections::BTreeSet;
use std::path::Path;
use std::pin::pin;

use futures::TryStreamExt;
use tokio_postgres::binary_copy::BinaryCopyOutStream;
use tokio_postgres::types::{Kind as TypeKind, Type};

use super::checksum::{Tally, write_text};
use super::server::Server;
use super::text_file::TextFile;
use crate::error::{Error, Kind, Result};
use crate::project::{Database, Selection};

/// Copies the rows of a source into `file`; what somebody should know of them, one sentence each.
///
/// # Errors
/// [`Kind::Source`]: the database refuses, goes away, or says otherwise of the rows than what arrived. [`Kind::Environment`]: the file
/// can't be written.
pub(super) async fn copy(server: &mut Server, database: &Database, file: &Path) -> Result<Vec<String>> {
    server.refuse_lost().await?;
    server.execute("SAVEPOINT one_source").await?;
    let copied = copy_rows(server, database, file).await;
    if copied.as_ref().is_err_and(|error| error.kind == Kind::Source) && !server.is_lost() {
        // What a failure undoes is its own doing: the snapshot stands, for the sources that follow.
        // Where it does not, the next source will say so.
        let _ = server.execute("ROLLBACK TO SAVEPOINT one_source").await;
    }
    copied
}

async fn copy_rows(server: &mut Server, database: &Database, file: &Path) -> Result<Vec<String>> {
    let rows = Rows::prepare(server, database).await?;
    let copied = rows.copy(server, file).await?;
    let sql = Tally::sql(rows.names.len(), &rows.texts(), server.is_utf8);
    let [count, sum] = server.two_texts(&sql).await?;
    if (count.parse(), sum.parse()) != (Ok(copied.tally.rows), Ok(copied.tally.sum)) {
        let says = format!(
            "the database counts {count} rows with the checksum {sum}, but {} rows with the checksum {} arrived",
            copied.tally.rows, copied.tally.sum
        );
        return Err(Error::new(Kind::Source, says).with_hint(
            "read twice in one snapshot, the rows are not the same: name a table, or a view without random(), clock_timestamp() and the like, \
             and without tables of other servers",
        ));
    }
    let mut notices = Vec::new();
    if let Selection::Relation(parts) = &database.selection
        && server.hides_rows(&quoted(parts)).await?
    {
        let of = parts.join(".");
        notices.push(format!("row-level security of {of} shows the user in ${} only some of its rows", database.variable));
    }
    if copied.ties > 0 {
        let by = database.order_by.join(", ");
        notices.push(format!(
            "{} of {count} rows of ${} have the same {by} as the row before them, so their line numbers may differ from load to load: name a \
             further column in order_by",
            copied.ties, database.variable
        ));
    }
    Ok(notices)
}

/// What arrived.
struct Copied {
    tally: Tally,
    /// Rows that the declared order does not tell from the row before.
    ties: u64,
}

/// Rows to copy, as SQL.
struct Rows {
    /// Names of the columns, as the database gives them.
    names: Vec<String>,
    /// For each column, the SQL of its text.
    texts: Vec<String>,
    /// What stands behind FROM: the columns are called `c1`, `c2` …
    from: String,
    /// What stands behind ORDER BY.
    order: String,
    /// Places of the columns that put the rows in order.
    keys: Vec<usize>,
}

impl Rows {
    async fn prepare(server: &mut Server, database: &Database) -> Result<Self> {
        let rows = match &database.selection {
            Selection::Relation(parts) => quoted(parts),
            // The line end ends a comment in the last line.
            Selection::Query { sql, .. } => format!("(\n{}\n)", sql.trim().trim_end_matches(';')),
        };
        let columns = server.columns(&format!("SELECT * FROM {rows} AS source")).await?;
        let names: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
        let mut seen = BTreeSet::new();
        if let Some(twice) = names.iter().find(|name| !seen.insert(name.as_str())) {
            let says = format!("two columns are called `{twice}`");
            return Err(Error::new(Kind::Source, says).with_hint("give each its own name in the query: AS …"));
        }
        let keys = database.order_by.iter().map(|key| place_of(key, &names)).collect::<Result<Vec<_>>>()?;
        let collated = server.collated(&keys.iter().map(|key| columns[*key].1.oid()).collect::<Vec<_>>()).await?;
        let order = keys.iter().map(|key| {
            let collation = if collated.contains(&columns[*key].1.oid()) { " COLLATE \"C\"" } else { "" };
            format!("c{}{collation}", key + 1)
        });
        let order = order.collect::<Vec<_>>().join(", ");
        let aliases: Vec<String> = (1..=names.len()).map(|number| format!("c{number}")).collect();
        let from = format!("{rows} AS source({})", aliases.join(", "));
        let texts = columns.iter().zip(&aliases).map(|((_, kind), alias)| text_of(alias, kind)).collect();
        Ok(Self { names, texts, from, order, keys })
    }

    /// The rows as texts `t1`, `t2` …
    fn texts(&self) -> String {
        let texts: Vec<String> = self.texts.iter().enumerate().map(|(index, text)| format!("{text} AS t{}", index + 1)).collect();
        format!("SELECT {} FROM {}", texts.join(", "), self.from)
    }

    async fn copy(&self, server: &mut Server, path: &Path) -> Result<Copied> {
        let sql = format!("COPY ({} ORDER BY {}) TO STDOUT (FORMAT binary)", self.texts(), self.order);
        let stream = server.copy_out(&sql).await?;
        let mut stream = pin!(BinaryCopyOutStream::new(stream, &vec![Type::TEXT; self.names.len()]));
        let mut file = TextFile::create(path, &self.names)?;
        let mut copied = Copied { tally: Tally::default(), ties: 0 };
        let (mut row, mut key, mut last_key) = (Vec::new(), Vec::new(), Vec::new());
        let mut ends = Vec::new();
        loop {
            let found = match stream.try_next().await {
                Ok(Some(found)) => found,
                Ok(None) => break,
                Err(error) => return Err(server.refused(error).await),
            };
            row.clear();
            ends.clear();
            for column in 0..self.names.len() {
                let text: Option<&str> = match found.try_get(column) {
                    Ok(text) => text,
                    Err(error) => return Err(server.refused(error).await),
                };
                ends.push(row.len());
                write_text(&mut row, text);
                file.text(column, text);
            }
            ends.push(row.len());
            file.end_row()?;
            key.clear();
            self.keys.iter().for_each(|at| key.extend_from_slice(&row[ends[*at]..ends[at + 1]]));
            copied.ties += u64::from(copied.tally.rows > 0 && key == last_key);
            std::mem::swap(&mut key, &mut last_key);
            copied.tally.add(&row);
        }
        file.finish()?;
        Ok(copied)
    }
}

fn place_of(key: &str, names: &[String]) -> Result<usize> {
    names.iter().position(|name| name == key).ok_or_else(|| {
        Error::new(Kind::Source, format!("`order_by` names `{key}`, which is no column of the rows"))
            .with_hint(format!("its columns are {}", names.join(", ")))
            .hint_nearest(key, names.iter().map(String::as_str))
    })
}

/// The SQL of a value's text. Items of a list are written so that the loader reads each of them back, whatever it holds.
fn text_of(column: &str, kind: &Type) -> String {
    match kind.kind() {
        TypeKind::Domain(below) => text_of(column, below),
        TypeKind::Array(_) => format!("array_to_json(array_remove({column}::text[], NULL))::text"),
        _ => format!("{column}::text"),
    }
}

/// A name as SQL takes it, letter by letter.
pub(super) fn quoted(parts: &[String]) -> String {
    parts.iter().map(|part| format!("\"{}\"", part.replace('"', "\"\""))).collect::<Vec<_>>().join(".")
}
