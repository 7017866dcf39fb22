//! Columns of a table that were decoded once and stay for the queries after.
//!
//! In: which columns of which files a query reads, what they will take, a way to read those that are not here yet. Out: their rows, from memory;
//! nothing where there is no room: then no file was opened, and they are read as if nothing were kept. Never here: which files a query needs,
//! conditions.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use datafusion::common::{DataFusionError, Result};
use futures::{StreamExt, TryStreamExt};
use tokio::sync::Mutex;

use super::room::Held;

/// The columns of one table that are in memory.
#[derive(Debug, Default)]
pub struct KeptColumns(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// By the place of the file.
    files: BTreeMap<usize, FileColumns>,
    held: Option<Held>,
    /// Columns took more than was expected, and there was no room for that: what is not here is read.
    is_full: bool,
}

/// Columns of one file by their place in the table, cut into the same batches.
#[derive(Debug, Default)]
struct FileColumns {
    rows: Vec<usize>,
    columns: BTreeMap<usize, Vec<ArrayRef>>,
}

impl FileColumns {
    /// Takes columns over; says whether they are cut like those before.
    fn take(&mut self, columns: &[usize], batches: &[RecordBatch]) -> bool {
        let rows: Vec<usize> = batches.iter().map(RecordBatch::num_rows).collect();
        if self.columns.is_empty() {
            self.rows = rows;
        } else if self.rows != rows {
            return false;
        }
        for (at, column) in columns.iter().enumerate() {
            self.columns.insert(*column, batches.iter().map(|batch| Arc::clone(batch.column(at))).collect());
        }
        true
    }

    fn batches(&self, columns: &[usize], schema: &SchemaRef) -> Result<Vec<RecordBatch>> {
        let batch = |(number, rows): (usize, &usize)| {
            let arrays = columns.iter().map(|column| Arc::clone(&self.columns[column][number])).collect();
            let options = RecordBatchOptions::new().with_row_count(Some(*rows));
            Ok(RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options)?)
        };
        self.rows.iter().enumerate().map(batch).collect()
    }
}

/// What a query reads: files by their place, columns by theirs, and the schema of these columns.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub files: &'a [usize],
    pub columns: &'a [usize],
    pub schema: &'a SchemaRef,
}

impl KeptColumns {
    /// The batches of each file. `hold` asks for room, `bytes` says what columns of a file will take, `read` decodes them, several files side by
    /// side. None where there is no room for them.
    ///
    /// # Errors
    /// Those of `read`.
    pub async fn of<F: Future<Output = Result<Vec<RecordBatch>>>>(
        &self,
        wanted: Wanted<'_>,
        hold: impl FnOnce() -> Held,
        bytes: impl Fn(usize, &[usize]) -> usize,
        read: impl Fn(usize, Vec<usize>) -> F,
        side_by_side: usize,
    ) -> Result<Option<Vec<Vec<RecordBatch>>>> {
        let Wanted { files, columns, schema } = wanted;
        if columns.is_empty() {
            return Ok(None);
        }
        let kept = &mut *self.0.lock().await;
        let missing = |file: &usize| -> Vec<usize> {
            let known = kept.files.get(file);
            columns.iter().copied().filter(|column| known.is_none_or(|known| !known.columns.contains_key(column))).collect()
        };
        let ahead: Vec<(usize, Vec<usize>)> =
            files.iter().map(|file| (*file, missing(file))).filter(|(_, missing)| !missing.is_empty()).collect();
        if !ahead.is_empty() {
            let expected = ahead.iter().map(|(file, columns)| bytes(*file, columns)).sum();
            let held = kept.held.get_or_insert_with(hold);
            if kept.is_full || !held.try_grow(expected) {
                return Ok(None);
            }
            let reading = ahead.into_iter().map(|(file, columns)| {
                let batches = read(file, columns.clone());
                async move { Ok::<_, DataFusionError>((file, columns, batches.await?)) }
            });
            let reading = futures::stream::iter(reading).buffer_unordered(side_by_side.max(1));
            let read: Vec<_> = reading.try_collect().await.inspect_err(|_| held.shrink(expected))?;
            let bytes: usize = read.iter().flat_map(|(.., batches)| batches).map(RecordBatch::get_array_memory_size).sum();
            let is_room = if bytes > expected { held.try_grow(bytes - expected) } else { true };
            held.shrink(expected.saturating_sub(bytes));
            let mut take = |(file, columns, batches): &(usize, Vec<usize>, Vec<RecordBatch>)| {
                kept.files.entry(*file).or_default().take(columns, batches)
            };
            if !is_room || !read.iter().all(&mut take) {
                held.shrink(if is_room { 0 } else { expected });
                kept.is_full = true;
                return Ok(None);
            }
        }
        files.iter().map(|file| kept.files[file].batches(columns, schema)).collect::<Result<Vec<_>>>().map(Some)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex as Told;

    use arrow::array::{AsArray, Int32Array};
    use arrow::datatypes::{DataType, Field, Int32Type, Schema};
    use datafusion::execution::memory_pool::{MemoryPool, UnboundedMemoryPool};

    use super::super::room::RoomForRows;
    use super::*;

    /// Three columns of two files; a value tells its file, column and row. Files are cut into batches of `cut` rows.
    struct Files {
        kept: KeptColumns,
        room: RoomForRows,
        read: Told<Vec<(usize, Vec<usize>)>>,
        /// What a column is said to take.
        expected: usize,
    }

    impl Files {
        fn new(limit: usize, expected: usize) -> Self {
            Self { kept: KeptColumns::default(), room: RoomForRows::within(Some(limit)), read: Told::default(), expected }
        }

        fn schema(columns: &[usize]) -> SchemaRef {
            Arc::new(Schema::new(columns.iter().map(|column| Field::new(format!("c{column}"), DataType::Int32, true)).collect::<Vec<_>>()))
        }

        async fn ask(&self, files: &[usize], columns: &[usize], cut: usize) -> Option<Vec<Vec<i32>>> {
            let pool: Arc<dyn MemoryPool> = Arc::new(UnboundedMemoryPool::default());
            let read = |file: usize, wanted: Vec<usize>| {
                self.read.lock().expect("told").push((file, wanted.clone()));
                let rows: Vec<i32> = (0..5).collect();
                let batch = |rows: &[i32]| {
                    let values = |column: &usize| {
                        let value = |row: &i32| (file * 100 + column * 10) as i32 + row;
                        Arc::new(rows.iter().map(value).collect::<Int32Array>()) as ArrayRef
                    };
                    RecordBatch::try_new(Self::schema(&wanted), wanted.iter().map(values).collect())
                };
                let batches = rows.chunks(cut).map(batch).collect::<std::result::Result<Vec<_>, _>>();
                async move { Ok(batches?) }
            };
            let hold = || self.room.hold("files", &pool);
            let (schema, bytes) = (Self::schema(columns), |_: usize, columns: &[usize]| columns.len() * self.expected);
            let wanted = Wanted { files, columns, schema: &schema };
            let files = self.kept.of(wanted, hold, bytes, read, 2).await.expect("read")?;
            let values = |batches: Vec<RecordBatch>| {
                let column =
                    |at: usize| batches.iter().flat_map(move |batch| batch.column(at).as_primitive::<Int32Type>().values().to_vec());
                (0..columns.len()).flat_map(column).collect::<Vec<i32>>()
            };
            Some(files.into_iter().map(values).collect())
        }

        fn read(&self) -> Vec<(usize, Vec<usize>)> {
            let mut read = std::mem::take(&mut *self.read.lock().expect("told"));
            read.sort();
            read
        }
    }

    const PLENTY: usize = 3 << 30;

    #[tokio::test]
    async fn a_column_of_a_file_is_read_once() {
        let files = Files::new(PLENTY, 1);
        assert_eq!(files.ask(&[1], &[0, 2], 2).await, Some(vec![vec![100, 101, 102, 103, 104, 120, 121, 122, 123, 124]]));
        assert_eq!(files.read(), [(1, vec![0, 2])]);
        let both = files.ask(&[0, 1], &[2, 1], 2).await;
        assert_eq!(both, Some(vec![vec![20, 21, 22, 23, 24, 10, 11, 12, 13, 14], vec![120, 121, 122, 123, 124, 110, 111, 112, 113, 114]]));
        assert_eq!(files.read(), [(0, vec![2, 1]), (1, vec![1])], "only what is not there");
        assert_eq!(files.ask(&[1], &[1], 2).await, Some(vec![vec![110, 111, 112, 113, 114]]));
        assert_eq!(files.read(), []);
        assert_eq!(files.ask(&[1], &[], 2).await, None, "rows without columns are the reader's");
    }

    #[tokio::test]
    async fn without_room_no_file_is_read() {
        let short = Files::new(2 << 30, 1);
        assert_eq!(short.ask(&[0], &[0], 2).await, None);
        assert_eq!(short.read(), []);
        let narrow = Files::new(PLENTY, (1 << 30) / 3 - 100_000);
        assert!(narrow.ask(&[0], &[0], 2).await.is_some());
        assert!(narrow.ask(&[0], &[1], 2).await.is_some(), "the first took less than was said");
        assert_eq!(narrow.ask(&[0], &[1, 2], 5).await, None, "they do not fit, and what was there stays");
        assert!(narrow.ask(&[0], &[0, 1], 2).await.is_some());
    }

    #[tokio::test]
    async fn what_takes_more_than_was_said_or_is_cut_otherwise_is_not_kept() {
        let room = 2 << 30 | 96;
        let large = Files::new(room, 1);
        assert_eq!(large.ask(&[0], &[0], 2).await, None);
        assert_eq!(large.read().len(), 1);
        assert_eq!(large.ask(&[0], &[0], 2).await, None);
        assert_eq!(large.read(), [], "it is not tried again");
        let cut = Files::new(PLENTY, 1);
        assert!(cut.ask(&[0], &[0], 2).await.is_some());
        assert_eq!(cut.ask(&[0], &[0, 1], 3).await, None);
        assert!(cut.ask(&[0], &[0], 3).await.is_some());
    }
}
