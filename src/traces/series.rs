//! What the VMs of a trace used over time, packed.

/// Samples of which one begins less than this after the one before has ended follow each other.
pub(super) const CONTIGUOUS_S: f64 = 1e-4;

/// A stretch of samples without a gap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Piece {
    pub(super) start_s: f64,
    /// The number of its first sample; the piece ends where the next begins.
    pub(super) first: usize,
}

/// How long samples are.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Durations {
    /// All the same number of seconds.
    Common(f64),
    /// Each its own.
    Each(Vec<f64>),
}

/// A quantity for each sample; not a number where it is unknown, and empty if it is unknown of all.
pub(super) type Column = Vec<f32>;

/// The samples of all VMs: a regular grid if all are of one length, else irregular fragments. Four bytes a
/// sample and known quantity, eight more if lengths differ.
#[derive(Clone, Debug)]
pub struct Series {
    /// By VM, then by time.
    pub(super) pieces: Vec<Piece>,
    /// For each VM its first piece, and the number of pieces.
    pub(super) first_piece: Vec<usize>,
    pub(super) durations: Durations,
    pub(super) cpu: Vec<f32>,
    pub(super) cpu_max: Column,
    pub(super) memory_bytes: Column,
    pub(super) received_bytes_per_s: Column,
    pub(super) sent_bytes_per_s: Column,
}

/// What a VM used from one time to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    /// The start, in seconds from the start of the trace.
    pub start_s: f64,
    /// The length in seconds.
    pub duration_s: f64,
    /// Mean CPU demand, in the unit of the trace.
    pub cpu: f32,
    /// Greatest CPU demand, in the unit of the trace.
    pub cpu_max: Option<f32>,
    /// Memory in use, in bytes.
    pub memory_bytes: Option<f32>,
    /// Bytes received a second.
    pub received_bytes_per_s: Option<f32>,
    /// Bytes sent a second.
    pub sent_bytes_per_s: Option<f32>,
}

impl Segment {
    /// When it ends, in seconds from the start of the trace.
    #[must_use]
    pub fn end_s(&self) -> f64 {
        self.start_s + self.duration_s
    }
}

impl Series {
    /// How many samples there are of all VMs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cpu.len()
    }

    /// Whether there is no sample.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cpu.is_empty()
    }

    /// The length of every sample in seconds, if all have the same: the series are a regular grid.
    #[must_use]
    pub fn step_s(&self) -> Option<f64> {
        match self.durations {
            Durations::Common(step_s) if !self.is_empty() => Some(step_s),
            _ => None,
        }
    }

    /// The CPU demand of a VM in all its samples one after the other, whatever gaps are between them. Empty
    /// for a VM that has none, or that does not exist.
    #[must_use]
    pub fn cpu_of(&self, vm: usize) -> &[f32] {
        let pieces = self.pieces_of(vm);
        &self.cpu[self.first_sample(pieces.start)..self.first_sample(pieces.end)]
    }

    /// What a VM used, in the order of time. Segments do not overlap; between two there may be a time of which
    /// nothing is known. None for a VM that does not exist.
    #[must_use]
    pub fn segments(&self, vm: usize) -> Segments<'_> {
        let pieces = self.pieces_of(vm);
        let (sample, end) = (self.first_sample(pieces.start), self.first_sample(pieces.end));
        Segments { series: self, piece: pieces.start, sample, end, time_s: 0.0 }
    }

    /// The CPU demand of a VM at a time, in the unit of the trace; `None` where nothing is known.
    ///
    /// Takes a time logarithmic in the number of gaps, and, if the series are irregular, linear in the samples
    /// since the last one: to go through a VM's life use [`segments`](Self::segments).
    #[must_use]
    pub fn cpu_at(&self, vm: usize, t_s: f64) -> Option<f32> {
        let pieces = self.pieces_of(vm);
        let before = self.pieces[pieces.clone()].partition_point(|piece| piece.start_s <= t_s);
        let index = pieces.start + before.checked_sub(1)?;
        let (piece, end) = (self.pieces.get(index)?, self.first_sample(index + 1));
        match &self.durations {
            Durations::Common(step_s) => {
                let mut passed = ((t_s - piece.start_s) / step_s) as usize;
                // The division may miss the borders of segments by its rounding.
                let start_s = |sample: usize| piece.start_s + sample as f64 * step_s;
                if start_s(passed) > t_s {
                    passed = passed.saturating_sub(1);
                } else if start_s(passed.saturating_add(1)) <= t_s {
                    passed += 1;
                }
                self.cpu[piece.first..end].get(passed).copied()
            }
            Durations::Each(_) => {
                let mut segments =
                    Segments { series: self, piece: index, sample: piece.first, end, time_s: 0.0 };
                segments.find(|segment| t_s < segment.end_s()).map(|segment| segment.cpu)
            }
        }
    }

    fn pieces_of(&self, vm: usize) -> std::ops::Range<usize> {
        match (self.first_piece.get(vm), self.first_piece.get(vm.saturating_add(1))) {
            (Some(&first), Some(&end)) => first..end,
            _ => 0..0,
        }
    }

    /// The first sample of a piece; of the one behind the last, the number of samples.
    fn first_sample(&self, piece: usize) -> usize {
        self.pieces.get(piece).map_or(self.cpu.len(), |piece| piece.first)
    }

    pub(super) fn duration_s(&self, sample: usize) -> f64 {
        match &self.durations {
            Durations::Common(step_s) => *step_s,
            Durations::Each(durations_s) => durations_s[sample],
        }
    }
}

/// The segments of a VM, made by [`Series::segments`].
#[derive(Clone, Debug)]
pub struct Segments<'s> {
    series: &'s Series,
    /// The next piece to begin.
    piece: usize,
    sample: usize,
    end: usize,
    time_s: f64,
}

impl Iterator for Segments<'_> {
    type Item = Segment;

    fn next(&mut self) -> Option<Segment> {
        if self.sample >= self.end {
            return None;
        }
        let (series, sample) = (self.series, self.sample);
        if let Some(piece) = series.pieces.get(self.piece)
            && piece.first == sample
        {
            self.time_s = piece.start_s;
            self.piece += 1;
        }
        let duration_s = series.duration_s(sample);
        let start_s = match series.durations {
            // No sum of rounding errors.
            Durations::Common(step_s) => {
                let piece = &series.pieces[self.piece - 1];
                piece.start_s + (sample - piece.first) as f64 * step_s
            }
            Durations::Each(_) => self.time_s,
        };
        self.time_s += duration_s;
        self.sample += 1;
        let cell = |column: &Column| column.get(sample).copied().filter(|value| !value.is_nan());
        Some(Segment {
            start_s,
            duration_s,
            cpu: series.cpu[sample],
            cpu_max: cell(&series.cpu_max),
            memory_bytes: cell(&series.memory_bytes),
            received_bytes_per_s: cell(&series.received_bytes_per_s),
            sent_bytes_per_s: cell(&series.sent_bytes_per_s),
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.end - self.sample;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Segments<'_> {}
