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

/// Faster than this many times the stated speed is a jump, not a movement.
const JUMP_FACTOR: f64 = 3.0;
/// Speed above which a movement is taken for a jump where the feed states none, in metres a second.
const FASTEST_M_PER_S: f64 = 100.0;

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
    step: u64,
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
            step: 0,
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
            let target = if coming.0 == self.step {
                self.next[coming.1 as usize].position
            } else {
                point.position
            };
            let mut leg = Leg { from: point.position, to: target, depart: now, arrive: until };
            let fastest =
                point.speed_m_per_s.map_or(FASTEST_M_PER_S, |speed| JUMP_FACTOR * speed.max(5.0));
            if leg.speed_m_per_s() > fastest {
                leg = Leg::stay(point.position, now, until);
            }
            if self.present[..known].binary_search(&point.number).is_ok() {
                change(FeedChange::Moves(point.number, leg));
            } else {
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
    }
}
