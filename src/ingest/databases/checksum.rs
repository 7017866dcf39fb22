//! A checksum over rows of texts that their order does not change, by the server's SQL and by our own hand.
//!
//! In: the texts of a row, null told from empty. Out: the sum over all rows of the first 60 bits of SHA-256. Never here: connections,
//! files.
//!
//! A row is written as each of its texts behind its length in bytes of UTF-8 and a colon, `-` for null: `2:ab-0:` is `ab`, null, empty. No two
//! rows are written alike.

use sha2::{Digest, Sha256};

/// PostgreSQL takes at most 100 arguments.
const ARGUMENTS: usize = 90;

/// How many rows, and the sum of their digests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Rows.
    pub rows: u64,
    /// Sum of the digests.
    pub sum: u128,
}

impl Tally {
    /// Takes a row, written by [`write_text`].
    pub fn add(&mut self, written: &[u8]) {
        let digest = Sha256::digest(written);
        let first = u64::from_be_bytes(digest[..8].try_into().expect("a digest has 32 bytes"));
        self.rows += 1;
        self.sum += u128::from(first >> 4);
    }

    /// Rows and sum of the relation `texts` with columns `t1` to `t<columns>`, as a SELECT of two texts over it; `is_utf8` tells whether the
    /// server keeps its texts in UTF-8.
    pub fn sql(columns: usize, texts: &str, is_utf8: bool) -> String {
        let written = |column: usize| {
            let bytes = if is_utf8 { format!("t{column}") } else { format!("convert_to(t{column}, 'UTF8')") };
            format!("coalesce(octet_length({bytes}) || ':' || t{column}, '-')")
        };
        let mut parts: Vec<String> = (1..=columns).map(written).collect();
        while parts.len() > 1 {
            parts = parts.chunks(ARGUMENTS).map(|parts| format!("concat({})", parts.join(", "))).collect();
        }
        let row = parts.join("");
        // Without OFFSET the texts of a row would be made twice, for their lengths and for themselves.
        format!(
            "SELECT count(*)::text, coalesce(sum(('x' || left(encode(sha256(convert_to({row}, 'UTF8')), 'hex'), 15))::bit(60)::bigint), 0)::text \
             FROM ({texts} OFFSET 0) AS texts"
        )
    }
}

/// Writes one text of a row behind those before it.
pub(super) fn write_text(row: &mut Vec<u8>, text: Option<&str>) {
    match text {
        Some(text) => {
            row.extend_from_slice(text.len().to_string().as_bytes());
            row.push(b':');
            row.extend_from_slice(text.as_bytes());
        }
        None => row.push(b'-'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(rows: &[&[Option<&str>]]) -> Tally {
        let mut tally = Tally::default();
        for row in rows {
            let mut written = Vec::new();
            row.iter().for_each(|text| write_text(&mut written, *text));
            tally.add(&written);
        }
        tally
    }

    #[test]
    fn the_order_of_rows_does_not_matter_and_every_text_does() {
        let (one, other): (&[Option<&str>], &[Option<&str>]) = (&[Some("甲"), None], &[Some("乙"), Some("")]);
        assert_eq!(tally(&[one, other]), tally(&[other, one]));
        for changed in [&[Some("甲"), Some("")], &[None, Some("甲")], &[Some("甲-"), None], &[Some(""), Some("甲")]] {
            assert_ne!(tally(&[one]), tally(&[changed]), "{changed:?}");
        }
        assert_ne!(tally(&[one]), tally(&[one, one]));
    }

    #[test]
    fn columns_beyond_the_arguments_of_a_function_are_joined_in_steps() {
        let sql = Tally::sql(200, "SELECT 1", true);
        assert_eq!(sql.matches("concat(").count(), 4);
        assert!(sql.contains("octet_length(t200)"));
    }
}
