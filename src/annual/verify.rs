//! An edition looked through by somebody who has nothing else: digests, signature, and every score computed again.
//!
//! In: the folder of an edition, the public key of the office. Out: what was checked and what is not as it should be. Never here: the project, the lake, a network.

use std::fs::{self, File};
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::corrected::correct_and_score;
use super::edition::{comment_of, input_of};
use super::files::{self, MANIFEST, Manifest};
use super::{Head, frozen, hearing, read_json};
use crate::error::{Context, Error, Kind, Result};
use crate::release::signing;
use crate::report::tables::tables_of_release;
use crate::report::{self, ResultTable};

/// What was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The edition.
    pub head: Head,
    /// Files that are listed.
    pub files: usize,
    /// What the signature says besides; none where no key was given.
    pub signed: Option<String>,
    /// Rows of each table that were computed again.
    pub tables: Vec<(String, usize)>,
    /// Public files that were written again; none where another version of kaohe wrote them.
    pub pages: Option<usize>,
    /// What is not as it should be.
    pub wrong: Vec<String>,
}

/// Checks an edition; `temp` takes what is written again.
///
/// # Errors
/// A folder that is no edition, a signature by another key, files that can't be read.
pub async fn verify(folder: &Path, public_key: Option<&Path>, engine: &str, temp: &Path, threads: usize) -> Result<Verified> {
    let head = Head::read(folder)?;
    if head.finalised_at.is_none() {
        return Err(Error::new(Kind::Configuration, format!("{} is a draft: nothing of it is signed yet", folder.display()))
            .with_hint("`kaohe release finalise` makes an edition of it"));
    }
    let manifest: Manifest = read_json(&folder.join(MANIFEST))?;
    let mut wrong = manifest.differences(&Manifest::of(folder)?);
    let signed = match public_key {
        Some(key) => Some(signing::verify(&folder.join(MANIFEST), key)?),
        None => None,
    };
    if let Some(said) = signed.as_ref().filter(|said| **said != comment_of(&head)) {
        wrong.push(format!("the signature speaks of `{said}`, and release.json of `{}`", comment_of(&head)));
    }
    let mut verified = Verified { files: manifest.files.len(), signed, tables: Vec::new(), pages: None, wrong: Vec::new(), head };
    if !wrong.is_empty() {
        // What was changed may compute to anything.
        verified.wrong = wrong;
        return Ok(verified);
    }
    let mut frozen = frozen::read(&folder.join("frozen"), temp).await?;
    let matters = hearing::all(folder)?;
    let scored = correct_and_score(&mut frozen, &matters)?;
    let input = input_of(&verified.head, &frozen, scored, &matters);
    for table in tables_of_release(&input)? {
        let stored = stored(&folder.join(format!("tables/{}.parquet", table.name)))?;
        wrong.extend(difference(&table, &stored));
        verified.tables.push((table.name.to_owned(), table.rows_total));
    }
    if verified.head.engine == engine {
        let again = temp.join("again");
        report::write_release(&input, &again, threads)?;
        let public = files::below(&again.join("public"))?;
        for (path, place) in &public {
            let published = folder.join("public").join(path);
            let same = fs::read(place).and_then(|again| Ok(again == fs::read(&published)?)).unwrap_or(false);
            if !same {
                wrong.push(format!("public/{path} says something else than the frozen figures"));
            }
        }
        verified.pages = Some(public.len());
    }
    verified.wrong = wrong;
    Ok(verified)
}

fn stored(path: &Path) -> Result<RecordBatch> {
    let doing = || format!("reading {}", path.display());
    let file = File::open(path).context(Kind::Environment, doing)?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).and_then(|builder| builder.build()).context(Kind::Environment, doing)?;
    let schema = arrow::array::RecordBatchReader::schema(&reader);
    let batches = reader.collect::<std::result::Result<Vec<_>, _>>().context(Kind::Environment, doing)?;
    concat_batches(&schema, &batches).context(Kind::Environment, doing)
}

/// Columns of a table that are not what is computed again.
fn difference(again: &ResultTable, stored: &RecordBatch) -> Vec<String> {
    let name = again.name;
    if again.batch.num_rows() != stored.num_rows() {
        return vec![format!("tables/{name}.parquet has {} rows, and {} are computed again", stored.num_rows(), again.batch.num_rows())];
    }
    let mut wrong = Vec::new();
    for (field, column) in again.batch.schema().fields().iter().zip(again.batch.columns()) {
        let same = stored.column_by_name(field.name()).is_some_and(|stored| stored.to_data() == column.to_data());
        if !same {
            wrong.push(format!("`{}` of tables/{name}.parquet is not what is computed again", field.name()));
        }
    }
    wrong
}
