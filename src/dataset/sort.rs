//! Sorting more rows than fit into memory.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// Bytes of records that are sorted in memory at a time.
const MEMORY_BYTES: usize = 64 << 20;
/// Bytes that are read of each file at a time.
const BUFFER_BYTES: usize = 64 << 10;

/// Sorts records of a fixed number of words by their first two: in memory as far as a fixed amount goes, then
/// by files of sorted records that are merged. Records that are equal in both keep their order.
#[derive(Debug)]
pub(super) struct Sorter {
    width: usize,
    most_records: usize,
    records: Vec<u64>,
    /// For the files, made when there is the first of them.
    directory: PathBuf,
    files: Vec<PathBuf>,
}

impl Sorter {
    /// A sorter of records of `width` words, at least two, which may put files into `directory`.
    pub(super) fn new(width: usize, directory: &Path) -> Self {
        Sorter::with_memory(width, directory, MEMORY_BYTES)
    }

    fn with_memory(width: usize, directory: &Path, bytes: usize) -> Self {
        let most_records = (bytes / (8 * width)).max(1);
        let directory = directory.to_path_buf();
        Sorter { width, most_records, records: Vec::new(), directory, files: Vec::new() }
    }

    /// Adds a record.
    pub(super) fn push(&mut self, record: &[u64]) -> io::Result<()> {
        debug_assert_eq!(record.len(), self.width);
        if self.records.len() == self.most_records * self.width {
            self.spill()?;
        }
        self.records.extend_from_slice(record);
        Ok(())
    }

    /// The numbers of the records in memory, in the order of their first two words.
    fn order(&self) -> Vec<u32> {
        let count = self.records.len() / self.width;
        let mut order: Vec<u32> = (0..count as u32).collect();
        let key = |number: u32| {
            let at = number as usize * self.width;
            (self.records[at], self.records[at + 1], number)
        };
        order.sort_unstable_by_key(|number| key(*number));
        order
    }

    fn spill(&mut self) -> io::Result<()> {
        fs::create_dir_all(&self.directory)?;
        let path = self.directory.join(self.files.len().to_string());
        let mut file = BufWriter::with_capacity(BUFFER_BYTES, File::create(&path)?);
        self.files.push(path);
        for number in self.order() {
            let at = number as usize * self.width;
            for word in &self.records[at..at + self.width] {
                file.write_all(&word.to_le_bytes())?;
            }
        }
        file.flush()?;
        self.records.clear();
        Ok(())
    }

    /// The records in order.
    pub(super) fn finish(mut self) -> io::Result<Sorted> {
        if self.files.is_empty() {
            let order = self.order().into_iter();
            return Ok(Sorted {
                width: self.width,
                from: From::Memory { records: self.records, order },
            });
        }
        if !self.records.is_empty() {
            self.spill()?;
        }
        let mut readers = Vec::with_capacity(self.files.len());
        let mut next = BinaryHeap::new();
        for (index, path) in self.files.iter().enumerate() {
            let mut reader = Words {
                file: BufReader::with_capacity(BUFFER_BYTES, File::open(path)?),
                record: vec![0; self.width],
            };
            if reader.read()? {
                next.push(Reverse((reader.record[0], reader.record[1], index)));
            }
            readers.push(reader);
        }
        Ok(Sorted { width: self.width, from: From::Files { readers, next, directory: self.directory } })
    }
}

/// Records of a file.
#[derive(Debug)]
struct Words {
    file: BufReader<File>,
    record: Vec<u64>,
}

impl Words {
    /// Reads the next record; false at the end.
    fn read(&mut self) -> io::Result<bool> {
        let mut word = [0; 8];
        for (index, target) in self.record.iter_mut().enumerate() {
            match self.file.read_exact(&mut word) {
                Ok(()) => *target = u64::from_le_bytes(word),
                Err(error) if index == 0 && error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Ok(false);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}

/// Sorted records.
#[derive(Debug)]
pub(super) struct Sorted {
    width: usize,
    from: From,
}

#[derive(Debug)]
enum From {
    Memory { records: Vec<u64>, order: std::vec::IntoIter<u32> },
    Files { readers: Vec<Words>, next: BinaryHeap<Reverse<(u64, u64, usize)>>, directory: PathBuf },
}

impl Sorted {
    /// Puts the next record into `record`; false at the end.
    pub(super) fn next(&mut self, record: &mut Vec<u64>) -> io::Result<bool> {
        record.clear();
        match &mut self.from {
            From::Memory { records, order } => {
                let Some(number) = order.next() else { return Ok(false) };
                let at = number as usize * self.width;
                record.extend_from_slice(&records[at..at + self.width]);
            }
            From::Files { readers, next, .. } => {
                let Some(Reverse((_, _, index))) = next.pop() else { return Ok(false) };
                let reader = &mut readers[index];
                record.extend_from_slice(&reader.record);
                if reader.read()? {
                    next.push(Reverse((reader.record[0], reader.record[1], index)));
                }
            }
        }
        Ok(true)
    }
}

impl Drop for Sorted {
    fn drop(&mut self) {
        if let From::Files { directory, .. } = &self.from {
            // What stays is within a directory that is removed as a whole.
            let _ = fs::remove_dir_all(directory);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// In memory and by files, a stable sort.
        #[test]
        fn sorting_by_files_is_sorting(
            keys in prop::collection::vec((0_u64..20, 0_u64..3), 0..60),
            in_memory in 1_usize..70,
        ) {
            let parent = tempfile::tempdir().expect("it can be created");
            let directory = parent.path().join("sort");
            let mut records: Vec<[u64; 3]> =
                keys.iter().enumerate().map(|(index, (time, tie))| [*time, *tie, index as u64]).collect();
            let mut sorter = Sorter::with_memory(3, &directory, in_memory * 24);
            for record in &records {
                sorter.push(record).expect("the disk has room");
            }
            records.sort();
            let mut sorted = sorter.finish().expect("the disk has room");
            let mut record = Vec::new();
            for expected in &records {
                prop_assert!(sorted.next(&mut record).expect("it can be read"));
                prop_assert_eq!(&record, expected);
            }
            prop_assert!(!sorted.next(&mut record).expect("it can be read"));
            prop_assert_eq!(directory.exists(), records.len() > in_memory);
            drop(sorted);
            prop_assert!(!directory.exists());
        }
    }
}
