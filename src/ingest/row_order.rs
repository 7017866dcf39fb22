//! What a row of a table is known by: its key, and its whole content.
//!
//! In: batches with the table's columns. Out: hashes of keys and contents, the order of rows inside a month, and the digest of
//! a month, which neither the order nor the split of the input changes. Never here: files.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::Schema;
use arrow::row::{RowConverter, Rows, SortField};
use datafusion::common::hash_utils::{QualityRandomState, create_hashes};

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

/// The order of rows: by unit (where the table has one), key, then everything else but lineage. A column without any value says nothing,
/// whether it is there or not.
pub struct RowOrder {
    /// Names of the columns, in the order in which they are compared.
    columns: Vec<String>,
}

impl RowOrder {
    /// For batches with columns of `schema`.
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
        Encoder::new(schema, columns.clone())?;
        Ok(Self { columns: columns.into_iter().map(|index| schema.field(index).name().clone()).collect() })
    }

    /// The columns of a batch that hold any value, in their order: the place of each in it, and in the batch.
    fn columns_of<'b>(&'b self, batch: &'b RecordBatch) -> impl Iterator<Item = (usize, usize)> {
        let named = self.columns.iter().enumerate();
        let there = named.filter_map(|(place, name)| Some((place, batch.schema_ref().index_of(name).ok()?)));
        there.filter(|(_, column)| batch.column(*column).null_count() < batch.num_rows())
    }

    /// One hash of the content a row: the sum of the hashes of its cells, each column having hashes of its own. Compared within one load;
    /// of unlike rows of one key and age it decides which stays, so that it must be the same in every version (a test holds it).
    ///
    /// # Errors
    /// A column of a type that can't be compared.
    pub fn contents(&self, batch: &RecordBatch) -> Result<Vec<u128>> {
        let mut contents = vec![0_u128; batch.num_rows()];
        let (mut upper, mut lower) = (vec![0; batch.num_rows()], vec![0; batch.num_rows()]);
        for (place, column) in self.columns_of(batch) {
            let column = batch.column(column);
            for (half, seed) in [(&mut upper, 2 * place as u64), (&mut lower, 2 * place as u64 + 1)] {
                // An empty cell leaves what is there.
                half.fill(0);
                create_hashes([column], &QualityRandomState::with_seed(seed), half).context(Kind::Bug, || "comparing rows")?;
            }
            if let Some(lists) = column.as_list_opt::<i32>() {
                // A list without items is hashed like none.
                let is_bare = |row: &usize| lists.is_valid(*row) && lists.value_length(*row) == 0;
                (0..lists.len()).filter(is_bare).for_each(|row| upper[row] = u64::MAX - place as u64);
            }
            for (content, halves) in contents.iter_mut().zip(upper.iter().zip(&lower)) {
                *content = content.wrapping_add(u128::from(*halves.0) << 64 | u128::from(*halves.1));
            }
        }
        Ok(contents)
    }

    /// Positions of the rows in order, and the digest of the rows in that order.
    ///
    /// # Errors
    /// A batch of another schema.
    pub fn arrange(&self, batch: &RecordBatch) -> Result<(Vec<u32>, String)> {
        let (mut digest, mut taken) = (blake3::Hasher::new(), Vec::with_capacity(2 * HASHED_AT_ONCE));
        let mut take = |bytes: &[u8]| {
            taken.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
            taken.extend_from_slice(bytes);
            if taken.len() >= HASHED_AT_ONCE {
                digest.update(&taken);
                taken.clear();
            }
        };
        let mut order: Vec<u32> = (0..batch.num_rows() as u32).collect();
        let columns: Vec<usize> = self.columns_of(batch).map(|(_, column)| column).collect();
        columns.iter().for_each(|column| take(batch.schema_ref().field(*column).name().as_bytes()));
        if !columns.is_empty() {
            let rows = Encoder::new(batch.schema_ref(), columns)?.encode(batch)?;
            order.sort_unstable_by(|left, right| rows.row(*left as usize).cmp(&rows.row(*right as usize)));
            order.iter().for_each(|row| take(rows.row(*row as usize).data()));
        }
        digest.update(&taken);
        Ok((order, digest.finalize().to_hex().to_string()))
    }
}

/// Bytes that are hashed in one go: long texts are hashed in several lanes, short ones one after another.
const HASHED_AT_ONCE: usize = 64 << 10;

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

#[cfg(test)]
mod tests {
    use arrow::array::{Date32Array, Decimal128Array, ListArray, StringArray};
    use arrow::datatypes::Int32Type;

    use super::*;

    fn batch(lists: Vec<Option<Vec<Option<i32>>>>) -> RecordBatch {
        let rows = lists.len();
        let columns: [(&str, ArrayRef); 4] = [
            ("case_id", Arc::new(StringArray::from_iter_values((0..rows).map(|row| format!("案{row}"))))),
            ("opened_on", Arc::new(Date32Array::from_iter((0..rows).map(|row| (row % 3 > 0).then_some(20_454 + row as i32))))),
            (
                "fine",
                Arc::new(
                    Decimal128Array::from_iter_values((0..rows).map(|row| row as i128 * 100))
                        .with_precision_and_scale(18, 2)
                        .expect("fits"),
                ),
            ),
            ("kinds", Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(lists))),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true))).expect("columns fit")
    }

    fn contents(batch: &RecordBatch) -> Vec<u128> {
        RowOrder::new(batch.schema_ref(), &["case_id".to_owned()]).expect("comparable").contents(batch).expect("hashed")
    }

    #[test]
    fn content_is_hashed_as_in_every_version_before() {
        let seen: Vec<String> =
            contents(&batch(vec![Some(vec![Some(1), None]), None, Some(vec![])])).iter().map(|hash| format!("{hash:032x}")).collect();
        assert_eq!(seen, ["abd75b883bbdf09eb089a122df89e8a0", "647ff7ceffb849d1998e77b7753df4f7", "900143dc0711dbccc6a56aee6ad3c739"]);
    }

    #[test]
    fn no_list_and_a_list_without_items_are_unlike() {
        let [with, without] = [Some(vec![]), None].map(|list| contents(&batch(vec![list, Some(vec![Some(1)])])));
        assert_ne!(with[0], without[0]);
        assert_eq!(with[1], without[1]);
    }
}
