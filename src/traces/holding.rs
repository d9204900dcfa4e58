//! Samples that hold until the next one: how long each of them is, and what a gap is.

use super::error::{Faults, TraceError};
use super::record::Sample;

/// What becomes of a gap in a series of samples that should come at a fixed interval. A gap is more than one
/// and a half of that interval from one sample to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gaps {
    /// It is an error, told with its place; if bad rows are skipped it is counted as one, and left open.
    #[default]
    Error,
    /// The sample before holds for the interval; then nothing is known.
    Leave,
    /// The sample before holds until the next.
    Hold,
}

/// Holds back the last sample of each VM until its length is known.
#[derive(Debug)]
pub(super) struct Holding {
    interval_s: f64,
    gaps: Gaps,
    last: Vec<Option<Sample>>,
}

/// That a sample is not where it should be in time: what was found and expected.
pub(super) struct Misplaced {
    pub(super) found: String,
    pub(super) expected: String,
}

impl Holding {
    pub(super) fn new(interval_s: f64, gaps: Gaps) -> Self {
        Holding { interval_s, gaps, last: Vec::new() }
    }

    /// Takes a sample, whatever its duration, and gives the one before with its own. The row that the sample
    /// is of makes an error of what is amiss.
    pub(super) fn push(
        &mut self,
        sample: Sample,
        faults: &mut Faults,
        error: impl Fn(Misplaced) -> TraceError,
    ) -> Result<Option<Sample>, TraceError> {
        let index = sample.vm as usize;
        if index >= self.last.len() {
            self.last.resize(index + 1, None);
        }
        let slot = &mut self.last[index];
        let Some(mut before) = *slot else {
            *slot = Some(sample);
            return Ok(None);
        };
        let passed_s = sample.t_s - before.t_s;
        if passed_s <= 0.0 {
            return Err(error(Misplaced {
                found: format!("a sample at {} s", sample.t_s),
                expected: format!("a time after {} s, that of the sample before", before.t_s),
            }));
        }
        before.duration_s = passed_s;
        if passed_s > 1.5 * self.interval_s && self.gaps != Gaps::Hold {
            if self.gaps == Gaps::Error {
                let gap = error(Misplaced {
                    found: format!("a gap of {passed_s} s before the sample at {} s", sample.t_s),
                    expected: format!(
                        "a sample every {} s; gaps may be left open or filled with the sample before \
                         (--gaps leave, --gaps hold)",
                        self.interval_s
                    ),
                });
                faults.pass::<()>(Err(gap))?;
            }
            before.duration_s = self.interval_s;
        }
        *slot = Some(sample);
        Ok(Some(before))
    }

    /// The last sample of a VM, which holds for the interval.
    pub(super) fn finish_one(&mut self, vm: u32) -> Option<Sample> {
        let last = self.last.get_mut(vm as usize)?.take()?;
        Some(Sample { duration_s: self.interval_s, ..last })
    }

    /// Gives the last samples of all VMs, which hold for the interval, in the order of the VMs.
    pub(super) fn finish(&mut self, mut give: impl FnMut(Sample)) {
        for last in self.last.iter_mut().filter_map(Option::take) {
            give(Sample { duration_s: self.interval_s, ..last });
        }
    }
}
