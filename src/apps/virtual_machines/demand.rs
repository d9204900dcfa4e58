//! What virtual machines want over time: grids, fragments, synthetic series.

use crate::engine::{RandomStreams, SimDuration, SimTime};
use rand_distr::{Distribution as _, StandardNormal};

/// Shares of the sizes of many virtual machines at regular steps from the start of the run, a row each, perhaps with
/// the shares of their memory that are in use. All values of a step lie together, since that is how they are used.
#[derive(Clone, Debug, Default)]
pub struct DemandGrid {
    step: SimDuration,
    rows: usize,
    shares: Vec<f32>,
    /// As `shares`, with what is no number where it is not known; empty if it is known nowhere.
    memory_shares: Vec<f32>,
}

impl DemandGrid {
    /// An empty grid of `rows` rows whose steps are `step` apart, which must be above zero.
    #[must_use]
    pub fn new(step: SimDuration, rows: usize) -> Self {
        DemandGrid { step, rows, shares: Vec::new(), memory_shares: Vec::new() }
    }

    /// A grid from whole rows of shares, of which shorter ones end with zeros.
    ///
    /// ```
    /// use stratosim::apps::virtual_machines::DemandGrid;
    /// use stratosim::engine::SimDuration;
    /// let grid = DemandGrid::from_rows(SimDuration::from_secs(300.0), &[vec![0.1, 0.2], vec![0.5]]);
    /// assert_eq!((grid.steps(), grid.share(1, 0), grid.share(1, 1)), (2, 0.2_f32, 0.0));
    /// assert_eq!(grid.share(9, 0), 0.2_f32); // the last step holds on
    /// ```
    #[must_use]
    pub fn from_rows(step: SimDuration, rows: &[Vec<f32>]) -> Self {
        let mut grid = DemandGrid::new(step, rows.len());
        let steps = rows.iter().map(Vec::len).max().unwrap_or(0);
        for index in 0..steps {
            grid.push_step(rows.iter().map(|row| row.get(index).copied().unwrap_or(0.0)));
        }
        grid
    }

    /// Adds the shares of one more step, one for each row; what is missing counts as zero.
    pub fn push_step(&mut self, shares: impl IntoIterator<Item = f32>) {
        let end = self.shares.len() + self.rows;
        self.shares.extend(shares.into_iter().take(self.rows));
        self.shares.resize(end, 0.0);
    }

    /// Sets the shares of memory in use at all steps, all rows of the first step first; what is no number is not
    /// known. Nothing is known of what is missing, and what is too much is left out.
    pub fn set_memory_shares(&mut self, mut shares: Vec<f32>) {
        shares.resize(self.shares.len(), f32::NAN);
        self.memory_shares = shares;
    }

    /// Time between steps.
    #[must_use]
    pub fn step(&self) -> SimDuration {
        self.step
    }

    /// Number of steps.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.shares.len().checked_div(self.rows).unwrap_or(0)
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The share of a row from this step on; the last one beyond the end, zero of a row that is not there.
    #[must_use]
    pub fn share(&self, step: usize, row: usize) -> f32 {
        let Some(last) = self.steps().checked_sub(1) else { return 0.0 };
        if row < self.rows { self.shares[step.min(last) * self.rows + row] } else { 0.0 }
    }

    /// The share of a row's memory that is in use from this step on, if that is known; the last one beyond the end.
    #[must_use]
    pub fn memory_share(&self, step: usize, row: usize) -> Option<f32> {
        let last = self.steps().checked_sub(1)?;
        let index = (row < self.rows).then(|| step.min(last) * self.rows + row)?;
        self.memory_shares.get(index).copied().filter(|share| !share.is_nan())
    }

    /// The number of the step in effect at `now`.
    #[must_use]
    pub fn step_at(&self, now: SimTime) -> usize {
        now.as_nanos().checked_div(self.step.as_nanos()).unwrap_or(0) as usize
    }
}

/// A span in which a virtual machine wants the same.
#[derive(Clone, Copy, Debug)]
pub struct Fragment {
    /// How long it lasts.
    pub duration: SimDuration,
    /// Million instructions a second that are wanted.
    pub demand_mips: f32,
    /// Share of the memory that is in use; no number if that is not known.
    pub memory_share: f32,
}

impl Fragment {
    /// A fragment of which no use of memory is known.
    #[must_use]
    pub fn new(duration: SimDuration, demand_mips: f32) -> Self {
        Fragment { duration, demand_mips, memory_share: f32::NAN }
    }
}

/// The demands that requests refer to.
#[derive(Clone, Debug, Default)]
pub struct Demands {
    /// For those on a grid, each of its own step.
    pub grids: Vec<DemandGrid>,
    /// For those in fragments.
    pub fragments: Vec<Fragment>,
}

/// A daily sine with noise, in shares of a virtual machine's size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SyntheticDemand {
    /// Mean of the day.
    pub mean: f64,
    /// How far the sine goes above and below the mean.
    pub amplitude: f64,
    /// Standard deviation of the normal noise of each step.
    pub noise: f64,
    /// Correlation of the noise of a step with that of the next one, in 0..=1: autoregressive noise of order one.
    pub correlation: f64,
    /// Length of a day.
    pub day: SimDuration,
}

impl SyntheticDemand {
    /// Appends the rows of `count` virtual machines to the rows of a grid with `steps` steps. Each has a phase and
    /// noise of its own from the streams `name`; shares are cut to 0..=1.
    pub fn rows(
        &self,
        streams: RandomStreams,
        name: &str,
        count: usize,
        (step, steps): (SimDuration, usize),
        rows: &mut Vec<Vec<f32>>,
    ) {
        use rand::RngExt;
        let turn = std::f64::consts::TAU * step.as_secs() / self.day.as_secs();
        for index in 0..count {
            let mut random = streams.entity(name, index as u64);
            let phase = random.random::<f64>() * std::f64::consts::TAU;
            // Innovations of this size keep the variance at one.
            let fresh = (1.0 - self.correlation * self.correlation).max(0.0).sqrt();
            let mut noise: f64 = 0.0;
            let row = (0..steps).map(|step| {
                let drawn: f64 = StandardNormal.sample(&mut random);
                noise = if step == 0 { drawn } else { self.correlation * noise + fresh * drawn };
                let share = self.mean + self.amplitude * (turn * step as f64 + phase).sin();
                (share + self.noise * noise).clamp(0.0, 1.0) as f32
            });
            rows.push(row.collect());
        }
    }
}
