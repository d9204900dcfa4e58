//! The fingerprint of a table: a hash of its cells that does not depend on how they are written.

use super::column::{Column, Values};
use super::symbol::Symbols;
use std::ops::Range;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// Rows between two entries of a table's list of digests, by which the place of a difference is found.
pub const BLOCK_ROWS: usize = 1024;

/// The fingerprint of the rows so far: for each block of [`BLOCK_ROWS`] rows the XXH3 of each column's
/// cells, and an XXH3 chained over these. Text is hashed by content, and all NaNs are equal, for their
/// sign and payload differ between processors.
#[derive(Clone, Debug, Default)]
pub(super) struct Fingerprint {
    value: u64,
    /// One for each column of each block, blocks outermost.
    digests: Vec<u64>,
    /// The bytes being hashed; kept for its memory.
    bytes: Vec<u8>,
}

impl Fingerprint {
    /// Adds the next block: `rows` of `columns`, at least one and at most [`BLOCK_ROWS`].
    pub(super) fn add_block(&mut self, columns: &[Column], rows: Range<usize>, symbols: &Symbols) {
        let block = self.digests.len();
        for column in columns {
            column_bytes(column, rows.clone(), symbols, &mut self.bytes);
            self.digests.push(xxh3_64(&self.bytes));
        }
        self.bytes.clear();
        self.bytes.extend((rows.len() as u64).to_le_bytes());
        self.bytes.extend(self.digests[block..].iter().flat_map(|digest| digest.to_le_bytes()));
        self.value = xxh3_64_with_seed(&self.bytes, self.value);
    }

    /// The fingerprint, and the digests of each column of each block, blocks outermost.
    pub(super) fn finish(self) -> (u64, Vec<u64>) {
        (self.value, self.digests)
    }
}

/// Writes what is hashed of `rows` of a column into `bytes`: eight bytes a value (one if boolean), and
/// one a row for whether it is null if any is.
fn column_bytes(column: &Column, rows: Range<usize>, symbols: &Symbols, bytes: &mut Vec<u8>) {
    bytes.clear();
    match column.values() {
        Values::Float(values) => {
            extend(bytes, &values[rows.clone()], |&value| comparable_bits(value));
        }
        Values::Unsigned(values) => extend(bytes, &values[rows.clone()], |&value| value),
        Values::Signed(values) => extend(bytes, &values[rows.clone()], |&value| value.cast_unsigned()),
        Values::Boolean(values) => {
            bytes.extend(values[rows.clone()].iter().map(|&value| u8::from(value)))
        }
        Values::Category(values) => {
            let nulls = column.nulls();
            for row in rows.clone() {
                let null = nulls.get(row).copied().unwrap_or(false);
                let hash = if null { 0 } else { symbols.hash(values[row]) };
                bytes.extend(hash.to_le_bytes());
            }
        }
        Values::Text(values) => {
            for row in rows.clone() {
                bytes.extend(values.get(row).map_or(0, |text| xxh3_64(text.as_bytes())).to_le_bytes());
            }
        }
    }
    let nulls = column.nulls().get(rows).unwrap_or_default();
    if nulls.contains(&true) {
        bytes.extend(nulls.iter().map(|&null| u8::from(null)));
    }
}

fn extend<T>(bytes: &mut Vec<u8>, values: &[T], bits: impl Fn(&T) -> u64) {
    bytes.resize(values.len() * 8, 0);
    let (chunks, _) = bytes.as_chunks_mut::<8>();
    for (chunk, value) in chunks.iter_mut().zip(values) {
        *chunk = bits(value).to_le_bytes();
    }
}

/// The bits of a float by which cells are compared: those of any NaN are the same.
pub(super) fn comparable_bits(value: f64) -> u64 {
    if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() }
}
