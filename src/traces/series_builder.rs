//! Packing samples as they come: VM by VM, or time by time.

use super::record::Sample;
use super::series::{CONTIGUOUS_S, Column, Durations, Piece, Series};

/// A stretch of samples of one VM that came one after the other.
#[derive(Clone, Copy, Debug)]
struct Run {
    vm: u32,
    start_s: f64,
    first: usize,
}

/// Packs samples into [`Series`]. While it goes on it takes what the series will take, and 24 bytes for each
/// change from one VM to another; at the end twice that, if the samples did not come VM by VM.
#[derive(Debug)]
pub(super) struct SeriesBuilder {
    runs: Vec<Run>,
    /// For each VM the end of its last sample.
    ends_s: Vec<f64>,
    durations: Durations,
    cpu: Vec<f32>,
    /// Greatest demand, memory, received, sent.
    others: [Column; 4],
}

impl SeriesBuilder {
    pub(super) fn new() -> Self {
        SeriesBuilder {
            runs: Vec::new(),
            ends_s: Vec::new(),
            durations: Durations::Common(0.0),
            cpu: Vec::new(),
            others: Default::default(),
        }
    }

    /// Adds a sample; if it starts before the last one of its VM has ended, that end.
    pub(super) fn push(&mut self, sample: &Sample) -> Result<(), f64> {
        let vm = sample.vm as usize;
        if vm >= self.ends_s.len() {
            self.ends_s.resize(vm + 1, f64::NEG_INFINITY);
        }
        let end_s = self.ends_s[vm];
        let in_order = sample.t_s >= end_s - CONTIGUOUS_S && sample.t_s.is_finite();
        if !(in_order && sample.duration_s > 0.0 && sample.duration_s.is_finite()) {
            return Err(end_s.max(0.0));
        }
        let follows = sample.t_s - end_s < CONTIGUOUS_S;
        // The end by the pack's own reckoning, so that small differences do not add up unseen.
        let start_s = if follows { end_s } else { sample.t_s };
        self.ends_s[vm] = start_s + sample.duration_s;
        if !(follows && self.runs.last().is_some_and(|run| run.vm == sample.vm)) {
            self.runs.push(Run { vm: sample.vm, start_s, first: self.cpu.len() });
        }
        match &mut self.durations {
            Durations::Common(step_s) if self.cpu.is_empty() => *step_s = sample.duration_s,
            Durations::Common(step_s) if *step_s == sample.duration_s => {}
            Durations::Common(step_s) => {
                let mut durations_s = vec![*step_s; self.cpu.len()];
                durations_s.push(sample.duration_s);
                self.durations = Durations::Each(durations_s);
            }
            Durations::Each(durations_s) => durations_s.push(sample.duration_s),
        }
        let before = self.cpu.len();
        self.cpu.push(sample.cpu);
        let cells =
            [sample.cpu_max, sample.memory_bytes, sample.received_bytes_per_s, sample.sent_bytes_per_s];
        for (column, cell) in self.others.iter_mut().zip(cells) {
            match cell {
                None if column.is_empty() => {}
                None => column.push(f32::NAN),
                Some(cell) => {
                    column.resize(before, f32::NAN);
                    column.push(cell);
                }
            }
        }
        Ok(())
    }

    /// The series of these VMs: for each old number the new one, in the same order, or `None` for one that is
    /// left out.
    pub(super) fn finish(mut self, renumbered: &[Option<u32>], vms: usize) -> Series {
        let ends: Vec<usize> =
            self.runs.iter().skip(1).map(|run| run.first).chain([self.cpu.len()]).collect();
        let number = |run: &Run| renumbered.get(run.vm as usize).copied().flatten();
        let mut order: Vec<usize> =
            (0..self.runs.len()).filter(|&run| number(&self.runs[run]).is_some()).collect();
        let is_sorted =
            order.len() == self.runs.len() && self.runs.windows(2).all(|pair| pair[0].vm <= pair[1].vm);
        if !is_sorted {
            // Stable: the runs of a VM stay in the order of time.
            order.sort_by_key(|&run| self.runs[run].vm);
            let ranges: Vec<(usize, usize)> =
                order.iter().map(|&run| (self.runs[run].first, ends[run])).collect();
            gather(&mut self.cpu, &ranges);
            self.others.iter_mut().for_each(|column| gather(column, &ranges));
            if let Durations::Each(durations_s) = &mut self.durations {
                gather(durations_s, &ranges);
            }
        }
        self.cpu.shrink_to_fit();
        self.others.iter_mut().for_each(Vec::shrink_to_fit);
        if let Durations::Each(durations_s) = &mut self.durations {
            durations_s.shrink_to_fit();
        }
        let [cpu_max, memory_bytes, received_bytes_per_s, sent_bytes_per_s] = self.others;
        let mut series = Series {
            pieces: Vec::new(),
            first_piece: Vec::with_capacity(vms + 1),
            durations: self.durations,
            cpu: self.cpu,
            cpu_max,
            memory_bytes,
            received_bytes_per_s,
            sent_bytes_per_s,
        };
        let (mut first, mut end_s, mut last) = (0, f64::NEG_INFINITY, None);
        for index in order {
            let run = self.runs[index];
            let vm = number(&run);
            let count = ends[index] - run.first;
            if vm != last {
                last = vm;
                while series.first_piece.len() <= vm.map_or(0, |vm| vm as usize) {
                    series.first_piece.push(series.pieces.len());
                }
                end_s = f64::NEG_INFINITY;
            }
            // The first of a VM, or behind a gap.
            if (run.start_s - end_s).abs() >= CONTIGUOUS_S {
                series.pieces.push(Piece { start_s: run.start_s, first });
                end_s = run.start_s;
            }
            end_s = match &series.durations {
                Durations::Common(step_s) => {
                    // The piece that the run is part of has just been made or continued.
                    let piece = &series.pieces[series.pieces.len() - 1];
                    piece.start_s + (first + count - piece.first) as f64 * step_s
                }
                Durations::Each(durations_s) => durations_s[first..first + count]
                    .iter()
                    .fold(end_s, |sum_s, duration_s| sum_s + duration_s),
            };
            first += count;
        }
        series.first_piece.resize(vms + 1, series.pieces.len());
        series
    }
}

/// Puts the ranges of a column one after the other; nothing if the column is empty.
fn gather<T: Copy>(column: &mut Vec<T>, ranges: &[(usize, usize)]) {
    if column.is_empty() {
        return;
    }
    let mut gathered = Vec::with_capacity(ranges.iter().map(|(first, end)| end - first).sum());
    for &(first, end) in ranges {
        gathered.extend_from_slice(&column[first..end]);
    }
    *column = gathered;
}
