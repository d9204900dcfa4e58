//! The rows of one run as numbers, in the order of their times.

use super::DatasetError;
use super::cells::{CellPlan, Entities, Texts};
use super::predicate::{Predicate, number};
use super::sort::{Sorted, Sorter};
use crate::engine::SimTime;
use crate::output::{TableReader, Values};
use std::collections::BTreeMap;
use std::path::Path;

/// Rows that are handed on at a time when they come from a sorter.
const CHUNK_ROWS: usize = 1 << 14;
/// Words of a record before its cells: time, tie, entity.
const HEAD: usize = 3;

/// What is read of a table, by place among the columns that are read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RowPlan {
    /// The columns that are read.
    pub(super) columns: Vec<String>,
    pub(super) time: usize,
    pub(super) entity: Vec<usize>,
    pub(super) conditions: Vec<Predicate>,
    pub(super) cells: Vec<CellPlan>,
    /// What tells rows of the same instant apart, if rows are not written in the order of their times and
    /// must be sorted.
    pub(super) sorted: Option<Tie>,
}

/// What tells rows of the same instant apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tie {
    /// The order in which they were written.
    Written,
    /// A column with whole numbers of at least zero.
    Column(usize),
}

/// Some rows: columns of equal length.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    /// Nanoseconds.
    pub(super) times: Vec<u64>,
    pub(super) entities: Vec<u32>,
    /// NaN for null.
    pub(super) cells: Vec<Vec<f64>>,
    ties: Vec<u64>,
}

impl Chunk {
    fn new(cells: usize) -> Self {
        Chunk { cells: vec![Vec::new(); cells], ..Chunk::default() }
    }

    fn clear(&mut self) {
        self.times.clear();
        self.entities.clear();
        self.ties.clear();
        self.cells.iter_mut().for_each(Vec::clear);
    }
}

/// Reads the rows of one run.
#[derive(Debug)]
pub(super) struct RowReader<'p> {
    plan: &'p RowPlan,
    reader: TableReader,
    /// Names the run in messages.
    run: String,
    pub(super) texts: Texts,
    pub(super) entities: Entities,
    /// The tier of each node, by its name.
    tiers: BTreeMap<String, String>,
    selected: Vec<u32>,
    last_time: u64,
    /// Rows so far that met the conditions.
    pub(super) rows_read: u64,
    /// Rows passed over because they have no time.
    pub(super) without_time: u64,
    /// Rows passed over because a column of their entity is null.
    pub(super) without_entity: u64,
    sorter: Option<Sorter>,
    sorted: Option<Sorted>,
}

impl<'p> RowReader<'p> {
    /// Reads from `reader`, which has the columns of the plan; files for sorting go into `directory`.
    pub(super) fn new(
        plan: &'p RowPlan,
        reader: TableReader,
        run: &str,
        tiers: BTreeMap<String, String>,
        directory: &Path,
    ) -> Self {
        RowReader {
            plan,
            reader,
            run: run.to_string(),
            texts: Texts::default(),
            entities: Entities::default(),
            tiers,
            selected: Vec::new(),
            last_time: 0,
            rows_read: 0,
            without_time: 0,
            without_entity: 0,
            sorter: plan.sorted.map(|_| Sorter::new(HEAD + plan.cells.len(), directory)),
            sorted: None,
        }
    }

    /// An empty chunk for [`next`](Self::next).
    pub(super) fn chunk(&self) -> Chunk {
        Chunk::new(self.plan.cells.len())
    }

    /// Puts the next rows into the chunk; false at the end.
    pub(super) fn next(&mut self, chunk: &mut Chunk) -> Result<bool, DatasetError> {
        let mut record = Vec::with_capacity(HEAD + self.plan.cells.len());
        if let Some(mut sorter) = self.sorter.take() {
            while self.fill(chunk)? {
                for row in 0..chunk.times.len() {
                    record.clear();
                    let tie = chunk.ties.get(row).copied().unwrap_or(0);
                    record.extend([chunk.times[row], tie, u64::from(chunk.entities[row])]);
                    record.extend(chunk.cells.iter().map(|cells| cells[row].to_bits()));
                    sorter.push(&record).map_err(DatasetError::sorting)?;
                }
            }
            self.sorted = Some(sorter.finish().map_err(DatasetError::sorting)?);
        }
        let Some(sorted) = &mut self.sorted else { return self.fill(chunk) };
        chunk.clear();
        while chunk.times.len() < CHUNK_ROWS
            && sorted.next(&mut record).map_err(DatasetError::sorting)?
        {
            chunk.times.push(record[0]);
            chunk.entities.push(record[2] as u32);
            for (cells, word) in chunk.cells.iter_mut().zip(&record[HEAD..]) {
                cells.push(f64::from_bits(*word));
            }
        }
        Ok(!chunk.times.is_empty())
    }

    /// Puts the next rows that meet the conditions into the chunk, as they were written; false at the end.
    fn fill(&mut self, chunk: &mut Chunk) -> Result<bool, DatasetError> {
        chunk.clear();
        while let Some(rows) = self.reader.next_batch()? {
            self.selected.clear();
            // The plan has made sure that the column is one of floats.
            let Values::Float(times) = rows.columns()[self.plan.time].values() else { return Ok(false) };
            for (row, time_s) in times.iter().enumerate() {
                if !self.plan.conditions.iter().all(|condition| condition.holds(&rows, row)) {
                    continue;
                }
                if time_s.is_nan() {
                    self.without_time += 1;
                    continue;
                }
                let time = SimTime::from_secs(*time_s).as_nanos();
                if self.plan.sorted.is_none() && time < self.last_time {
                    return Err(DatasetError::BackInTime {
                        run: self.run.clone(),
                        table: rows.spec().name.to_string(),
                        time_s: *time_s,
                        before_s: SimTime::from_nanos(self.last_time).as_secs(),
                    });
                }
                self.last_time = time;
                if self.plan.entity.iter().any(|column| rows.columns()[*column].is_null(row)) {
                    self.without_entity += 1;
                    continue;
                }
                self.selected.push(row as u32);
                chunk.times.push(time);
            }
            if self.selected.is_empty() {
                continue;
            }
            self.rows_read += self.selected.len() as u64;
            let (selected, texts) = (&self.selected, &mut self.texts);
            self.entities.read(&self.plan.entity, &rows, selected, texts, &mut chunk.entities);
            for (plan, target) in self.plan.cells.iter().zip(&mut chunk.cells) {
                plan.read(&rows, selected, texts, &self.tiers, target);
            }
            if let Some(Tie::Column(column)) = self.plan.sorted {
                let column = &rows.columns()[column];
                chunk.ties.extend(selected.iter().map(|&row| number(column, row as usize) as u64));
            }
            return Ok(true);
        }
        Ok(false)
    }
}
