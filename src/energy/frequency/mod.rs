//! Frequency and voltage steps, and what a frequency does to the speed of a job.

mod presets;

pub use presets::{FrequencyPreset, frequency_preset, frequency_presets};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A clock frequency and the supply voltage at it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OperatingPoint {
    frequency_hz: f64,
    voltage_v: f64,
}

impl OperatingPoint {
    /// A point at this frequency in hertz and voltage in volt, both above 0.
    ///
    /// # Errors
    /// If one is not.
    pub fn new(frequency_hz: f64, voltage_v: f64) -> Result<Self, FrequencyError> {
        for (what, found) in [("frequency", frequency_hz), ("voltage", voltage_v)] {
            if !(found.is_finite() && found > 0.0) {
                return Err(FrequencyError::OutOfRange { what, found });
            }
        }
        Ok(OperatingPoint { frequency_hz, voltage_v })
    }

    /// Hertz.
    #[must_use]
    pub fn frequency_hz(&self) -> f64 {
        self.frequency_hz
    }

    /// Volt.
    #[must_use]
    pub fn voltage_v(&self) -> f64 {
        self.voltage_v
    }

    /// `V^2 f` in volt squared and gigahertz, to which dynamic power is proportional.
    #[must_use]
    pub fn dynamic_factor(&self) -> f64 {
        self.voltage_v * self.voltage_v * (self.frequency_hz / 1e9)
    }
}

/// What a job's speed depends on, besides the cores it has.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum JobClass {
    /// Bound by the cores: it slows down as the clock does.
    #[default]
    Compute,
    /// Between the two.
    Hybrid,
    /// Bound by memory or input and output: the clock hardly matters.
    Memory,
}

impl JobClass {
    /// All classes, in order.
    pub const ALL: [JobClass; 3] = [JobClass::Compute, JobClass::Hybrid, JobClass::Memory];

    /// Number of classes.
    pub const COUNT: usize = Self::ALL.len();

    /// The name in scenarios and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            JobClass::Compute => "compute",
            JobClass::Hybrid => "hybrid",
            JobClass::Memory => "memory",
        }
    }
}

/// What makes no frequency steps.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FrequencyError {
    /// A value that is not above zero.
    #[error("{what} is {found}; it must be a number above 0")]
    OutOfRange {
        /// What the value is.
        what: &'static str,
        /// The value.
        found: f64,
    },
    /// No steps, or more than are handled.
    #[error("{0} steps are given; there must be 1 to 255")]
    Count(usize),
    /// Steps that do not rise.
    #[error("step {step} is not faster than the one before it; list the steps by rising frequency")]
    NotRising {
        /// The step.
        step: usize,
    },
    /// A beta outside of 0..=1.
    #[error("beta of {} jobs is {found}; it must be from 0 (bound by memory) to 1 (bound by the clock)", class.name())]
    Beta {
        /// The class.
        class: JobClass,
        /// The value.
        found: f64,
    },
    /// A table of times that does not fit the steps.
    #[error("the table of {} jobs has {found} times, but there are {steps} steps", class.name())]
    TableLength {
        /// The class.
        class: JobClass,
        /// Number of times.
        found: usize,
        /// Number of steps.
        steps: usize,
    },
    /// A table of times of which one is below that of the fastest step, or the last is not 1.
    #[error(
        "the time of {} jobs at step {step} is {found}; times are relative to the fastest step, so that the last is 1 and none is below 1",
        class.name()
    )]
    Time {
        /// The class.
        class: JobClass,
        /// The step.
        step: usize,
        /// The time.
        found: f64,
    },
    /// A step that there is not.
    #[error("there is no step {step}; the steps are 0 to {last}")]
    NoStep {
        /// The step.
        step: usize,
        /// The last step.
        last: usize,
    },
}

/// Execution time of jobs at a frequency, relative to the greatest one.
#[derive(Clone, Debug, PartialEq)]
pub enum Performance {
    /// The beta model: `t(f) = t(fmax) (beta (fmax / f - 1) + 1)`, with beta 1 for work that is bound by the
    /// clock and 0 for work that never notices it (Hsu and Kremer 2003; Etinski et al. 2012). Betas by
    /// [`JobClass`].
    Beta([f64; JobClass::COUNT]),
    /// Measured times at each step over that of the last, by [`JobClass`].
    Table([Vec<f64>; JobClass::COUNT]),
}

impl Default for Performance {
    /// Betas 1 of compute, 0.55 of hybrid and 0.2 of memory-bound jobs.
    fn default() -> Self {
        Performance::Beta([1.0, 0.55, 0.2])
    }
}

/// Execution time at `frequency_hz` over that at `fastest_hz` by the beta model; see [`Performance::Beta`].
///
/// ```
/// use stratosim::energy::beta_time;
/// assert_eq!(beta_time(1.0, 1.5e9, 3e9), 2.0);
/// assert_eq!(beta_time(0.5, 1.5e9, 3e9), 1.5);
/// assert_eq!(beta_time(0.0, 1.5e9, 3e9), 1.0);
/// ```
#[must_use]
pub fn beta_time(beta: f64, frequency_hz: f64, fastest_hz: f64) -> f64 {
    beta * (fastest_hz / frequency_hz - 1.0) + 1.0
}

/// The frequency steps of a class of nodes, slowest first, and what they do to jobs.
///
/// ```
/// use stratosim::energy::{FrequencySteps, JobClass, OperatingPoint, Performance};
/// let slow = OperatingPoint::new(1e9, 0.8)?;
/// let fast = OperatingPoint::new(2e9, 1.0)?;
/// let steps = FrequencySteps::new(vec![slow, fast], Performance::default())?;
/// // At half the clock compute-bound jobs take twice as long, hybrid ones 1.55 times.
/// assert_eq!(steps.speed(0, JobClass::Compute), 0.5);
/// assert_eq!(steps.speed(0, JobClass::Hybrid), 1.0 / 1.55);
/// // 0.8^2 * 1 over 1^2 * 2
/// assert!((steps.dynamic_share(0) - 0.32).abs() < 1e-12);
/// # Ok::<(), stratosim::energy::FrequencyError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct FrequencySteps {
    points: Vec<OperatingPoint>,
    /// For each step its speeds by job class, over those of the fastest.
    speeds: Vec<[f64; JobClass::COUNT]>,
    initial: usize,
}

impl FrequencySteps {
    /// Steps by rising frequency. Nodes start at the fastest.
    ///
    /// # Errors
    /// If there are none, they do not rise, or the performance does not fit them.
    pub fn new(points: Vec<OperatingPoint>, performance: Performance) -> Result<Self, FrequencyError> {
        let steps = points.len();
        let Some(fastest) = points.last().filter(|_| steps <= usize::from(u8::MAX)) else {
            return Err(FrequencyError::Count(steps));
        };
        if let Some(step) =
            (1..steps).find(|&step| points[step].frequency_hz <= points[step - 1].frequency_hz)
        {
            return Err(FrequencyError::NotRising { step });
        }
        let mut speeds = vec![[1.0; JobClass::COUNT]; steps];
        for class in JobClass::ALL {
            let times: Vec<f64> = match &performance {
                Performance::Beta(betas) => {
                    let beta = betas[class as usize];
                    if !(0.0..=1.0).contains(&beta) {
                        return Err(FrequencyError::Beta { class, found: beta });
                    }
                    let time = |point: &OperatingPoint| {
                        beta_time(beta, point.frequency_hz, fastest.frequency_hz)
                    };
                    points.iter().map(time).collect()
                }
                Performance::Table(tables) => {
                    let times = &tables[class as usize];
                    if times.len() != steps {
                        return Err(FrequencyError::TableLength { class, found: times.len(), steps });
                    }
                    let bad = |(step, time): (usize, f64)| {
                        let good = time.is_finite() && time >= 1.0 && (step + 1 < steps || time == 1.0);
                        (!good).then_some((step, time))
                    };
                    if let Some((step, found)) = times.iter().copied().enumerate().find_map(bad) {
                        return Err(FrequencyError::Time { class, step, found });
                    }
                    times.clone()
                }
            };
            for (speed, time) in speeds.iter_mut().zip(times) {
                speed[class as usize] = 1.0 / time;
            }
        }
        Ok(FrequencySteps { points, speeds, initial: steps - 1 })
    }

    /// The same steps, of which nodes start at `step`.
    ///
    /// # Errors
    /// If there is no such step.
    pub fn starting_at(mut self, step: usize) -> Result<Self, FrequencyError> {
        if step > self.last() {
            return Err(FrequencyError::NoStep { step, last: self.last() });
        }
        self.initial = step;
        Ok(self)
    }

    /// The points, slowest first; never empty.
    #[must_use]
    pub fn points(&self) -> &[OperatingPoint] {
        &self.points
    }

    /// The number of the fastest step.
    #[must_use]
    pub fn last(&self) -> usize {
        self.points.len() - 1
    }

    /// The step at which nodes start.
    #[must_use]
    pub fn initial(&self) -> usize {
        self.initial
    }

    /// Speed of jobs of a class at a step, over that at the fastest, in 0..=1; a step beyond the last counts as
    /// the last.
    #[must_use]
    pub fn speed(&self, step: usize, class: JobClass) -> f64 {
        self.speeds[step.min(self.last())][class as usize]
    }

    /// Speeds of all classes at a step, as [`FrequencySteps::speed`].
    #[must_use]
    pub fn speeds(&self, step: usize) -> [f64; JobClass::COUNT] {
        self.speeds[step.min(self.last())]
    }

    /// `V^2 f` of a step over that of the fastest.
    #[must_use]
    pub fn dynamic_share(&self, step: usize) -> f64 {
        let step = step.min(self.last());
        if step == self.last() {
            return 1.0;
        }
        self.points[step].dynamic_factor() / self.points[self.last()].dynamic_factor()
    }

    /// The slowest step at which compute-bound jobs have at least this share of the greatest speed.
    #[must_use]
    pub fn slowest_with(&self, speed: f64) -> usize {
        let enough = |speeds: &[f64; JobClass::COUNT]| speeds[JobClass::Compute as usize] >= speed;
        self.speeds.iter().position(enough).unwrap_or(self.last())
    }
}

/// Joules that one job with cores of its own costs at each step: power at full load times the time it takes.
/// `alone_s` is the time at the fastest step, `power_w` the watts at a step.
#[must_use]
pub fn job_energy_j(
    steps: &FrequencySteps,
    class: JobClass,
    alone_s: f64,
    power_w: impl Fn(usize) -> f64,
) -> Vec<f64> {
    (0..=steps.last()).map(|step| power_w(step) * alone_s / steps.speed(step, class)).collect()
}

#[cfg(test)]
mod tests;
