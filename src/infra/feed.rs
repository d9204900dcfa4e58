//! Positions that come from outside, such as a traffic simulator's trace.

use super::geometry::{Leg, Position};
use crate::engine::{SimDuration, SimTime};
use std::fmt;

/// Where one device is at one step of a feed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FeedPoint {
    /// The device's number in the class that is fed.
    pub number: u32,
    /// Where it is.
    pub position: Position,
    /// Its speed in metres a second, if the feed says; what moves much faster has jumped.
    pub speed_m_per_s: Option<f64>,
}

/// A source of positions, step by step in the order of time.
///
/// ```
/// use stratosim::infra::{FeedPoint, Position, PositionFeed};
///
/// /// One device that stands at the origin for two seconds.
/// #[derive(Debug)]
/// struct Standing(u32);
/// impl PositionFeed for Standing {
///     fn next_step(&mut self, points: &mut Vec<FeedPoint>) -> Result<Option<f64>, String> {
///         if self.0 > 2 {
///             return Ok(None);
///         }
///         self.0 += 1;
///         points.push(FeedPoint { number: 0, position: Position::default(), speed_m_per_s: None });
///         Ok(Some(f64::from(self.0 - 1)))
///     }
/// }
/// let mut points = Vec::new();
/// assert_eq!(Standing(0).next_step(&mut points), Ok(Some(0.0)));
/// ```
pub trait PositionFeed: fmt::Debug + Send {
    /// Appends the points of the next step to `points` and returns its time in seconds; `None` at the end.
    ///
    /// # Errors
    /// A message for the user if the source cannot be read.
    fn next_step(&mut self, points: &mut Vec<FeedPoint>) -> Result<Option<f64>, String>;
}

/// What a step of a feed means for one device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum FeedChange {
    /// It enters the world and moves on this leg.
    Appears(u32, Leg),
    /// It moves on this leg.
    Moves(u32, Leg),
    /// It leaves the world.
    Vanishes(u32),
}

/// Further than this many times what the stated speeds allow is a jump, not a movement.
const JUMP_FACTOR: f64 = 3.0;
/// Slack of a jump, in metres: changes of lane and rounding are no jumps.
const JUMP_SLACK_M: f64 = 10.0;
/// Speed above which a movement is taken for a jump where the feed states none, in metres a second.
const FASTEST_M_PER_S: f64 = 100.0;

/// Whether a device cannot have driven `way_m` metres in `period_s` seconds and must have jumped: the way is
/// longer than three times what the faster of the speeds (m/s) at its two ends allows, and 10 m more; where
/// neither is known, longer than 100 m/s allow.
///
/// ```
/// use stratosim::infra::is_jump;
/// assert!(!is_jump(40.0, 1.0, [Some(10.0), Some(2.0)]));
/// assert!(is_jump(40.1, 1.0, [Some(10.0), Some(2.0)]));
/// assert!(is_jump(101.0, 1.0, [None, None]));
/// ```
#[must_use]
pub fn is_jump(way_m: f64, period_s: f64, speeds_m_per_s: [Option<f64>; 2]) -> bool {
    match speeds_m_per_s.into_iter().flatten().reduce(f64::max) {
        Some(faster) => way_m > JUMP_FACTOR * faster * period_s + JUMP_SLACK_M,
        None => way_m > FASTEST_M_PER_S * period_s,
    }
}

/// What has been played of the feeds so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeedCounts {
    /// Devices that have been in the world.
    pub devices: u64,
    /// Time steps.
    pub steps: u64,
    /// Steps without devices.
    pub empty_steps: u64,
    /// How often a device came back after it had been missing from at least one step.
    pub gaps: u64,
    /// How often a device jumped from one step to the next (see [`is_jump`]).
    pub jumps: u64,
}

impl FeedCounts {
    pub(super) fn plus(self, other: FeedCounts) -> FeedCounts {
        FeedCounts {
            devices: self.devices + other.devices,
            steps: self.steps + other.steps,
            empty_steps: self.empty_steps + other.empty_steps,
            gaps: self.gaps + other.gaps,
            jumps: self.jumps + other.jumps,
        }
    }
}

/// A feed read one step ahead, so that each device moves straight to its next place.
#[derive(Debug)]
pub(super) struct FeedState {
    source: Box<dyn PositionFeed>,
    /// Number of the first node of the class that is fed.
    pub(super) first_node: u32,
    /// Number of nodes of the class.
    count: u32,
    current: Vec<FeedPoint>,
    next: Vec<FeedPoint>,
    next_time: Option<SimTime>,
    /// For each device: the step in which it was seen last, and its index in the coming step.
    seen: Vec<(u64, u32)>,
    present: Vec<u32>,
    /// For each device whether it has been in the world.
    known: Vec<bool>,
    step: u64,
    pub(super) counts: FeedCounts,
}

impl FeedState {
    pub(super) fn new(source: Box<dyn PositionFeed>, first_node: u32, count: u32) -> Self {
        FeedState {
            source,
            first_node,
            count,
            current: Vec::new(),
            next: Vec::new(),
            next_time: None,
            seen: Vec::new(),
            present: Vec::new(),
            known: Vec::new(),
            step: 0,
            counts: FeedCounts::default(),
        }
    }

    fn read(&mut self) -> Result<(), String> {
        self.next.clear();
        self.next_time = self.source.next_step(&mut self.next)?.map(SimTime::from_secs);
        self.step += 1;
        if let Some(point) = self.next.iter().find(|point| point.number >= self.count) {
            return Err(format!(
                "a feed moves device number {}, but its class has {} devices",
                point.number, self.count
            ));
        }
        for (index, point) in (0..).zip(&self.next) {
            let number = point.number as usize;
            if self.seen.len() <= number {
                self.seen.resize(number + 1, (0, 0));
            }
            self.seen[number] = (self.step, index);
        }
        Ok(())
    }

    /// Reads the first step and returns its time.
    pub(super) fn start(&mut self) -> Result<Option<SimTime>, String> {
        self.read()?;
        Ok(self.next_time)
    }

    /// The step that is due at `now`: reports what changes, and returns when the next one is due. After
    /// the last step all devices vanish, one step later.
    pub(super) fn advance(
        &mut self,
        now: SimTime,
        mut change: impl FnMut(FeedChange),
    ) -> Result<Option<SimTime>, String> {
        std::mem::swap(&mut self.current, &mut self.next);
        // After the last step there is none, only the departure of those that were in it.
        let is_step = self.next_time.is_some();
        self.counts.steps += u64::from(is_step);
        self.counts.empty_steps += u64::from(is_step && self.current.is_empty());
        let last_step = self.step;
        let seen = &self.seen;
        self.present.retain(|&number| {
            let stays = seen[number as usize].0 == last_step;
            if !stays {
                change(FeedChange::Vanishes(number));
            }
            stays
        });
        // Sorted, so that what is present can be looked up.
        self.present.sort_unstable();
        if self.current.is_empty() && self.next_time.is_none() {
            return Ok(None);
        }
        self.read()?;
        let until = match self.next_time {
            Some(time) => time,
            None => now + SimDuration::from_secs(1.0),
        };
        let known = self.present.len();
        for point in &self.current {
            let coming = self.seen[point.number as usize];
            let target = if coming.0 == self.step { &self.next[coming.1 as usize] } else { point };
            let mut leg = Leg::straight(point.position, target.position, now, until);
            let (way_m, period_s) = (leg.from.distance_m(leg.to), until.since(now).as_secs());
            if is_jump(way_m, period_s, [point.speed_m_per_s, target.speed_m_per_s]) {
                leg = Leg::stay(point.position, now, until);
                self.counts.jumps += 1;
            }
            if self.present[..known].binary_search(&point.number).is_ok() {
                change(FeedChange::Moves(point.number, leg));
            } else {
                let number = point.number as usize;
                if self.known.len() <= number {
                    self.known.resize(number + 1, false);
                }
                if std::mem::replace(&mut self.known[number], true) {
                    self.counts.gaps += 1;
                } else {
                    self.counts.devices += 1;
                }
                self.present.push(point.number);
                change(FeedChange::Appears(point.number, leg));
            }
        }
        Ok(Some(until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Given(Vec<(f64, Vec<(u32, f64)>)>);

    impl PositionFeed for Given {
        fn next_step(&mut self, points: &mut Vec<FeedPoint>) -> Result<Option<f64>, String> {
            if self.0.is_empty() {
                return Ok(None);
            }
            let (time, step) = self.0.remove(0);
            points.extend(step.into_iter().map(|(number, x_m)| FeedPoint {
                number,
                position: Position::ground(x_m, 0.0),
                speed_m_per_s: None,
            }));
            Ok(Some(time))
        }
    }

    #[test]
    fn a_device_beyond_the_class_is_an_error() {
        let mut feed = FeedState::new(Box::new(Given(vec![(1.0, vec![(2, 0.0)])])), 0, 2);
        assert!(feed.start().unwrap_err().contains("device number 2"));
    }

    #[test]
    fn devices_come_move_jump_and_go() {
        let steps = vec![
            (1.0, vec![(0, 0.0)]),
            (2.0, vec![(0, 10.0), (1, 50.0)]),
            (3.0, vec![(1, 5000.0)]),
            (5.0, vec![(0, 7.0)]),
        ];
        let mut feed = FeedState::new(Box::new(Given(steps)), 0, 2);
        let mut due = feed.start().unwrap();
        let mut log = Vec::new();
        while let Some(now) = due {
            due = feed
                .advance(now, |change| {
                    log.push(match change {
                        FeedChange::Appears(number, leg) => {
                            format!("{} appears {number} {}", now.as_secs(), leg.to.x_m)
                        }
                        FeedChange::Moves(number, leg) => {
                            format!("{} moves {number} {}", now.as_secs(), leg.to.x_m)
                        }
                        FeedChange::Vanishes(number) => format!("{} vanishes {number}", now.as_secs()),
                    });
                })
                .unwrap();
        }
        assert_eq!(
            log,
            [
                "1 appears 0 10",
                "2 moves 0 10",
                // Fifty metres to five thousand in a second: it stays, then jumps.
                "2 appears 1 50",
                "3 vanishes 0",
                "3 moves 1 5000",
                "5 vanishes 1",
                "5 appears 0 7",
                "6 vanishes 0",
            ]
        );
        // Of the second device's 4950 m the first leg is the jump; the first one came back.
        let expected = FeedCounts { devices: 2, steps: 4, empty_steps: 0, gaps: 1, jumps: 1 };
        assert_eq!(feed.counts, expected);
    }
}
