//! What a row of a table is known by: its key, and its whole content.
//!
//! In: batches with the table's columns. Out: hashes of keys and contents, the order of rows inside a month, and the digest of
//! a month, which neither the order nor the split of the input changes. Never here: files.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::Schema;
use arrow::row::{RowConverter, Rows, SortField};

use super::schema::LINEAGE;
use crate::error::{Context, Kind, Result};

/// Hashes the keys of rows.
pub struct KeyHashes(Encoder);

impl KeyHashes {
    /// For batches of `schema`, by the columns of `key`.
    ///
    /// # Errors
    /// A column of a type that can't be compared.
    pub fn new(schema: &Schema, key: &[String]) -> Result<Self> {
        Encoder::new(schema, key.iter().filter_map(|name| schema.index_of(name).ok()).collect()).map(Self)
    }

    /// One hash a row.
    ///
    /// # Errors
    /// A batch of another schema.
    pub fn of(&self, batch: &RecordBatch) -> Result<Vec<u128>> {
        Ok(self.0.encode(batch)?.iter().map(|row| hash(row.data())).collect())
    }

    /// The same from the key's columns alone, in the order of the key.
    ///
    /// # Errors
    /// Columns of other types.
    pub fn of_columns(&self, key: &[ArrayRef]) -> Result<Vec<u128>> {
        Ok(self.0.encode_columns(key)?.iter().map(|row| hash(row.data())).collect())
    }
}

/// The order of rows: by unit (where the table has one), key, then everything else but lineage.
pub struct RowOrder(Encoder);

impl RowOrder {
    /// For batches of `schema`.
    ///
    /// # Errors
    /// A column of a type that can't be compared.
    pub fn new(schema: &Schema, key: &[String]) -> Result<Self> {
        let is_lineage = |index: &usize| LINEAGE.iter().any(|(name, _)| name == schema.field(*index).name());
        let first = ["unit_id"].into_iter().chain(key.iter().map(String::as_str)).filter_map(|name| schema.index_of(name).ok());
        let mut columns: Vec<usize> = Vec::new();
        for index in first.chain((0..schema.fields().len()).filter(|index| !is_lineage(index))) {
            if !columns.contains(&index) {
                columns.push(index);
            }
        }
        Encoder::new(schema, columns).map(Self)
    }

    /// One hash of the content a row.
    ///
    /// # Errors
    /// A batch of another schema.
    pub fn contents(&self, batch: &RecordBatch) -> Result<Vec<u128>> {
        let rows = self.0.encode(batch)?;
        Ok((0..batch.num_rows()).map(|row| hash(rows.row(row).data())).collect())
    }

    /// Positions of the rows in order, and the digest of the rows in that order.
    ///
    /// # Errors
    /// A batch of another schema.
    pub fn arrange(&self, batch: &RecordBatch) -> Result<(Vec<u32>, String)> {
        let rows = self.0.encode(batch)?;
        let mut order: Vec<u32> = (0..batch.num_rows() as u32).collect();
        order.sort_unstable_by(|left, right| rows.row(*left as usize).cmp(&rows.row(*right as usize)));
        let mut digest = blake3::Hasher::new();
        for row in &order {
            let row = rows.row(*row as usize);
            digest.update(&(row.data().len() as u64).to_le_bytes());
            digest.update(row.data());
        }
        Ok((order, digest.finalize().to_hex().to_string()))
    }
}

/// Columns of a batch as comparable bytes.
struct Encoder {
    columns: Vec<usize>,
    converter: RowConverter,
}

impl Encoder {
    fn new(schema: &Schema, columns: Vec<usize>) -> Result<Self> {
        let fields = columns.iter().map(|index| SortField::new(schema.field(*index).data_type().clone())).collect();
        let converter = RowConverter::new(fields).context(Kind::Bug, || "preparing the comparison of rows")?;
        Ok(Self { columns, converter })
    }

    fn encode(&self, batch: &RecordBatch) -> Result<Rows> {
        let columns: Vec<ArrayRef> = self.columns.iter().map(|index| Arc::clone(batch.column(*index))).collect();
        self.encode_columns(&columns)
    }

    fn encode_columns(&self, columns: &[ArrayRef]) -> Result<Rows> {
        self.converter.convert_columns(columns).context(Kind::Bug, || "comparing rows")
    }
}

fn hash(bytes: &[u8]) -> u128 {
    let digest = blake3::hash(bytes);
    let half: [u8; 16] = digest.as_bytes()[..16].try_into().expect("a blake3 digest has 32 bytes");
    u128::from_le_bytes(half)
}
