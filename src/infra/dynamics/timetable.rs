//! When a perturbation acts.

use crate::engine::{SimDuration, SimTime, Stream};
use rand::RngExt;

/// What makes no timetable.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{parameter} is {value}, but must be {allowed}")]
pub struct TimetableError {
    /// The parameter at fault.
    pub parameter: &'static str,
    /// Its value.
    pub value: f64,
    /// What it may be.
    pub allowed: &'static str,
}

/// The instants at which a perturbation acts: a grid or given ones, thinned out.
///
/// The grid is `after`, `after + every`, ..., each instant moved by a random part of `jitter` times `every`. Of these
/// and the given ones, in order, those count that lie in a window (if there are any) and not after `until`, at least
/// `cooldown` after the one before that counted, and each with `probability`; at most `repeat` of them.
///
/// ```
/// use stratosim::engine::{RandomStreams, SimDuration, SimTime};
/// use stratosim::infra::dynamics::Timetable;
/// let mut random = RandomStreams::new(1).stream("times");
/// let secs = SimTime::from_secs;
/// let mut table = Timetable::every(SimDuration::from_secs(10.0));
/// table.after = secs(5.0);
/// table.windows = vec![(secs(10.0), secs(40.0))];
/// table.cooldown = SimDuration::from_secs(15.0);
/// assert_eq!(table.next(&mut random), Some(secs(15.0)));
/// assert_eq!(table.next(&mut random), Some(secs(35.0)));
/// assert_eq!(table.next(&mut random), None);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Timetable {
    /// Distance of the grid's instants; `None` if there is no grid.
    pub every: Option<SimDuration>,
    /// The first instant of the grid.
    pub after: SimTime,
    /// Given instants.
    pub at: Vec<SimTime>,
    /// Windows, each with its first and its last instant; always if empty.
    pub windows: Vec<(SimTime, SimTime)>,
    /// The last instant.
    pub until: SimTime,
    /// How often it acts at most.
    pub repeat: u64,
    /// Least time between two acts.
    pub cooldown: SimDuration,
    /// How far an instant of the grid may be late, as a share of `every` in 0..=1.
    pub jitter: f64,
    /// With which probability it acts at an instant.
    pub probability: f64,
    /// Instants of the grid so far.
    steps: u64,
    /// The grid's next instant, where it is drawn already.
    drawn: Option<SimTime>,
    /// Given instants so far.
    given: usize,
    last: Option<SimTime>,
    acts: u64,
}

impl Timetable {
    /// No instant at all, for changes that know their own times.
    #[must_use]
    pub fn never() -> Self {
        Timetable {
            every: None,
            after: SimTime::ZERO,
            at: Vec::new(),
            windows: Vec::new(),
            until: SimTime::MAX,
            repeat: u64::MAX,
            cooldown: SimDuration::ZERO,
            jitter: 0.0,
            probability: 1.0,
            steps: 0,
            drawn: None,
            given: 0,
            last: None,
            acts: 0,
        }
    }

    /// From the start on at this distance (> 0).
    #[must_use]
    pub fn every(step: SimDuration) -> Self {
        Timetable { every: Some(step), ..Timetable::never() }
    }

    /// At these instants.
    #[must_use]
    pub fn at(instants: impl IntoIterator<Item = SimTime>) -> Self {
        let mut at: Vec<SimTime> = instants.into_iter().collect();
        at.sort_unstable();
        Timetable { at, ..Timetable::never() }
    }

    /// Checks what the types do not say.
    ///
    /// # Errors
    /// If the grid has no distance, or a share is none.
    pub fn check(&self) -> Result<(), TimetableError> {
        let wrong = |parameter, value, allowed| Err(TimetableError { parameter, value, allowed });
        if self.every == Some(SimDuration::ZERO) {
            return wrong("every", 0.0, "above 0");
        }
        if !(0.0..=1.0).contains(&self.jitter) {
            return wrong("jitter", self.jitter, "between 0 and 1");
        }
        if !(0.0..=1.0).contains(&self.probability) {
            return wrong("probability", self.probability, "between 0 and 1");
        }
        Ok(())
    }

    /// The next instant of the grid.
    fn on_grid(&mut self, random: &mut Stream) -> Option<SimTime> {
        if self.drawn.is_none() {
            let every = self.every.filter(|every| *every > SimDuration::ZERO)?;
            let ahead = every.as_nanos().saturating_mul(self.steps);
            let late = if self.jitter > 0.0 {
                SimDuration::from_secs(every.as_secs() * self.jitter * random.random::<f64>())
            } else {
                SimDuration::ZERO
            };
            self.steps += 1;
            self.drawn = Some(self.after + SimDuration::from_nanos(ahead) + late);
        }
        self.drawn
    }

    /// The next instant at which it acts, after the one before; `None` if there is none.
    pub fn next(&mut self, random: &mut Stream) -> Option<SimTime> {
        while self.acts < self.repeat {
            let grid = self.on_grid(random);
            let given = self.at.get(self.given).copied();
            let time = match (grid, given) {
                (Some(grid), Some(given)) => grid.min(given),
                (grid, given) => grid.or(given)?,
            };
            if time > self.until || time == SimTime::MAX {
                return None;
            }
            if grid == Some(time) {
                self.drawn = None;
            }
            while self.at.get(self.given) == Some(&time) {
                self.given += 1;
            }
            let no_window_left =
                !self.windows.is_empty() && self.windows.iter().all(|&(_, last)| last < time);
            if no_window_left {
                return None;
            }
            let inside = self.windows.is_empty()
                || self.windows.iter().any(|&(first, last)| (first..=last).contains(&time));
            let rested = self.last.is_none_or(|last| time.since(last) >= self.cooldown);
            // Drawn at each instant, so that the others do not decide who draws what.
            let happens = self.probability >= 1.0 || random.random::<f64>() < self.probability;
            if inside && rested && happens {
                self.last = Some(time);
                self.acts += 1;
                return Some(time);
            }
        }
        None
    }
}
