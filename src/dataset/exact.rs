//! Exact quantiles of more values than fit into memory.
//!
//! While the training part is counted, its numbers are kept in one file for each run. A quantile is then found
//! by radix selection: a pass over the files for each byte of the values, from the highest, in which the values
//! that agree with what is known already are counted by their next byte. Memory is a few kilobytes a column,
//! whatever the number of values.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// The quantiles that are found: lower quartile, median and upper quartile.
pub(super) const FRACTIONS: [f64; 3] = [0.25, 0.5, 0.75];
/// The values that a quantile lies between: two for each.
const RANKS: usize = 2 * FRACTIONS.len();
const BUFFER_BYTES: usize = 64 << 10;
const WORD_BYTES: usize = 8;

/// Bits that are in the order of the numbers.
fn key_of(value: f64) -> u64 {
    // Zero has two signs and is one number.
    let bits = (value + 0.0).to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

fn value_of(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key & !(1 << 63) } else { !key })
}

/// Numbers of one run, row by row: as many in each row as there are columns.
#[derive(Debug)]
pub(super) struct ValueWriter {
    path: PathBuf,
    file: BufWriter<File>,
}

impl ValueWriter {
    /// A file of this name, whose directory is made if there is none.
    pub(super) fn create(path: PathBuf) -> io::Result<Self> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        let file = BufWriter::with_capacity(BUFFER_BYTES, File::create(&path)?);
        Ok(ValueWriter { path, file })
    }

    /// Adds the next number of the row; NaN for none.
    pub(super) fn push(&mut self, value: f64) -> io::Result<()> {
        self.file.write_all(&value.to_le_bytes())
    }

    /// Where the numbers are.
    pub(super) fn finish(mut self) -> io::Result<PathBuf> {
        self.file.flush()?;
        Ok(self.path)
    }
}

/// One value that is looked for.
#[derive(Clone, Copy, Debug)]
struct Search {
    /// Its place among the values that agree with `key` so far.
    rank: u64,
    /// Its bytes so far, the highest first.
    key: u64,
}

/// The quantiles of each column, of which there are so many values in the files; NaN of none. Between two
/// values they are interpolated linearly (definition 7 of Hyndman and Fan, 1996), as NumPy does by default.
///
/// Reads all files eight times.
pub(super) fn quantiles(files: &[PathBuf], counts: &[u64]) -> io::Result<Vec<[f64; 3]>> {
    let mut searches: Vec<[Search; RANKS]> = counts.iter().map(|count| searches_of(*count)).collect();
    for byte in 0..WORD_BYTES as u32 {
        let shift = 56 - 8 * byte;
        let mut found = vec![[[0_u64; 256]; RANKS]; counts.len()];
        for path in files {
            count(path, shift, &searches, &mut found)?;
        }
        for (search, found) in searches.iter_mut().flatten().zip(found.iter().flatten()) {
            let mut digit = 0;
            while digit < 255 && search.rank >= found[digit] {
                search.rank -= found[digit];
                digit += 1;
            }
            search.key |= (digit as u64) << shift;
        }
    }
    let of_column = |(searches, count): (&[Search; RANKS], &u64)| {
        let mut all = [f64::NAN; FRACTIONS.len()];
        for (index, fraction) in FRACTIONS.iter().enumerate().filter(|_| *count > 0) {
            let [low, high] = [0, 1].map(|which| value_of(searches[2 * index + which].key));
            let weight = (fraction * (count - 1) as f64).fract();
            all[index] = if low == high { low } else { low + weight * (high - low) };
        }
        all
    };
    Ok(searches.iter().zip(counts).map(of_column).collect())
}

/// The values that the quantiles of so many values lie between.
fn searches_of(count: u64) -> [Search; RANKS] {
    let mut all = [Search { rank: 0, key: 0 }; RANKS];
    for (index, fraction) in FRACTIONS.iter().enumerate() {
        let last = count.saturating_sub(1);
        let low = (fraction * last as f64).floor() as u64;
        all[2 * index].rank = low;
        all[2 * index + 1].rank = (low + 1).min(last);
    }
    all
}

/// Counts the values of a file by the byte at `shift`, as far as they agree above it with what is looked for.
fn count(
    path: &Path,
    shift: u32,
    searches: &[[Search; RANKS]],
    found: &mut [[[u64; 256]; RANKS]],
) -> io::Result<()> {
    let mut row = vec![0; searches.len() * WORD_BYTES];
    if row.is_empty() {
        return Ok(());
    }
    let file = File::open(path)?;
    let rows = file.metadata()?.len() / row.len() as u64;
    let mut file = BufReader::with_capacity(BUFFER_BYTES, file);
    for _ in 0..rows {
        file.read_exact(&mut row)?;
        let (words, _) = row.as_chunks::<WORD_BYTES>();
        for ((word, searches), found) in words.iter().zip(searches).zip(&mut *found) {
            let value = f64::from_le_bytes(*word);
            if value.is_nan() {
                continue;
            }
            let key = key_of(value);
            for (search, found) in searches.iter().zip(found) {
                // The bits above the byte; a shift by all 64 of them leaves none.
                if (key ^ search.key).checked_shr(shift + 8).unwrap_or(0) == 0 {
                    found[(key >> shift & 0xff) as usize] += 1;
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(runs: &[Vec<[f64; 2]>]) -> Vec<[f64; 3]> {
        let directory = tempfile::tempdir().expect("it can be created");
        let mut counts = [0, 0];
        let files: Vec<PathBuf> = runs
            .iter()
            .enumerate()
            .map(|(run, rows)| {
                let path = directory.path().join("work").join(run.to_string());
                let mut writer = ValueWriter::create(path).expect("the disk has room");
                for row in rows {
                    for (value, count) in row.iter().zip(&mut counts) {
                        writer.push(*value).expect("the disk has room");
                        *count += u64::from(!value.is_nan());
                    }
                }
                writer.finish().expect("the disk has room")
            })
            .collect();
        quantiles(&files, &counts).expect("they can be read")
    }

    /// By sorting.
    fn naive(mut values: Vec<f64>) -> [f64; 3] {
        values.retain(|value| !value.is_nan());
        values.sort_by(f64::total_cmp);
        FRACTIONS.map(|fraction| {
            if values.is_empty() {
                return f64::NAN;
            }
            let at = fraction * (values.len() - 1) as f64;
            let (low, high) = (values[at.floor() as usize], values[at.ceil() as usize]);
            low + at.fract() * (high - low)
        })
    }

    proptest! {
        #[test]
        fn quantiles_are_those_of_the_sorted_values(
            runs in prop::collection::vec(prop::collection::vec((
                prop::option::weighted(0.9, prop_oneof![-1e3..1e3f64, 1e6..1e6 + 1.0, Just(-0.0), -1e300..1e300f64]),
                -2_i8..3,
            ), 0..40), 1..4),
        ) {
            let runs: Vec<Vec<[f64; 2]>> = runs
                .into_iter()
                .map(|rows| rows.into_iter().map(|(a, b)| [a.unwrap_or(f64::NAN), f64::from(b)]).collect())
                .collect();
            let found = found(&runs);
            for (column, found) in found.iter().enumerate() {
                let expected = naive(runs.iter().flatten().map(|row| row[column]).collect());
                for (found, expected) in found.iter().zip(expected) {
                    prop_assert!(*found == expected || found.is_nan() && expected.is_nan());
                }
            }
        }
    }

    /// 1000000 to 1000004: a sketch to 1 % sees one value.
    #[test]
    fn a_small_spread_beside_the_level_is_seen() {
        let rows = (0..5).map(|step| [1e6 + f64::from(step), f64::NAN]).collect();
        let found = found(&[rows]);
        assert_eq!(found[0], [1e6 + 1.0, 1e6 + 2.0, 1e6 + 3.0]);
        assert!(found[1].iter().all(|value| value.is_nan()));
    }
}
