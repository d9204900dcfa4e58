//! Values that go down or up on purpose: steps, ramps, decays, and their undoing.

use super::change::{Amount, Change, Contribution, Setup, Tick};
use crate::engine::{SimDuration, SimTime};

/// How a [`Trend`] goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TrendKind {
    /// A share less at each instant, not below a factor of the base.
    Reduce {
        /// The share of what is left.
        by: f64,
        /// The least factor.
        floor: f64,
    },
    /// A share more at each instant, not above a factor of the base.
    Increase {
        /// The share of what there is.
        by: f64,
        /// The greatest factor.
        ceiling: f64,
    },
    /// From the first instant on this factor.
    Scale(f64),
    /// From the first instant on this value, whatever the base.
    SetValue(Amount),
    /// From the first instant on in a straight line to a factor.
    RampTo {
        /// The factor at the end.
        to: f64,
        /// How long it takes.
        over: SimDuration,
    },
    /// From the first instant on by `exp(-t / time constant)` to a factor.
    Decay {
        /// The factor in the end.
        to: f64,
        /// The time constant in seconds, above 0.
        time_constant_s: f64,
    },
}

/// The same course for all subjects, beginning at the first instant.
#[derive(Clone, Debug)]
pub struct Trend {
    /// How it goes.
    pub kind: TrendKind,
    /// For each subject the number of instants, or when its course began.
    progress: Vec<Option<(SimTime, u32)>>,
}

impl Trend {
    /// A course that has not begun.
    #[must_use]
    pub fn new(kind: TrendKind) -> Self {
        Trend { kind, progress: Vec::new() }
    }

    /// What it contributes to a base at the `count`-th instant, `since` after the first one.
    fn contribution(&self, base: f64, count: u32, since: SimDuration) -> Contribution {
        Contribution::factor(match self.kind {
            TrendKind::Reduce { by, floor } => (1.0 - by).powi(count as i32).max(floor),
            TrendKind::Increase { by, ceiling } => (1.0 + by).powi(count as i32).min(ceiling),
            TrendKind::Scale(factor) => factor,
            TrendKind::SetValue(amount) => return Contribution::set(amount.of(base)),
            TrendKind::RampTo { to, over } if since < over => {
                1.0 + (to - 1.0) * (since.as_secs() / over.as_secs())
            }
            TrendKind::RampTo { to, .. } => to,
            TrendKind::Decay { to, time_constant_s } => {
                to + (1.0 - to) * (-since.as_secs() / time_constant_s).exp()
            }
        })
    }
}

impl Change for Trend {
    fn start(&mut self, setup: &Setup<'_>) {
        self.progress = vec![None; setup.members.len()];
    }

    fn act(&mut self, tick: &mut Tick<'_>) {
        if !tick.is_due {
            return;
        }
        for member in 0..tick.members.len() {
            let (began, count) = self.progress[member].unwrap_or((tick.now, 0));
            self.progress[member] = Some((began, count.saturating_add(1).min(i32::MAX as u32)));
            let base = tick.members[member].base;
            tick.set(member, self.contribution(base, count + 1, tick.now.since(began)));
        }
    }

    fn reset(&mut self, member: usize) {
        self.progress[member] = None;
    }
}

/// Undoes what another perturbation has done to the same subjects; that one begins anew.
#[derive(Clone, Debug)]
pub struct Restore {
    /// The name of that perturbation; all others if empty.
    pub of: String,
}

impl Change for Restore {
    fn act(&mut self, _tick: &mut Tick<'_>) {}

    fn restores(&self) -> Option<&str> {
        Some(&self.of)
    }
}
