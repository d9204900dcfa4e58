//! Movement along given points.

use super::{MobilityError, MobilityModel, Mover, check, check_place};
use crate::engine::SimTime;
use crate::infra::geometry::{Leg, Position};

/// One point of a trajectory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrajectoryPoint {
    /// When the device is there, in seconds since the start of the run.
    pub time_s: f64,
    /// Where.
    pub position: Position,
}

/// Devices that follow given points, at constant speed between them.
///
/// Before its first point a device waits there, after its last one it stays there; or, if repeated, it
/// starts again from the first point at once (a jump, unless the trajectory is closed) with all times
/// moved by the trajectory's length. The number of the current leg, counted through all repetitions, is
/// the mover's memory.
#[derive(Clone, Debug)]
pub struct Trajectory {
    paths: Vec<Vec<Knot>>,
    repeat: bool,
}

/// A point with its time in nanoseconds.
#[derive(Clone, Copy, Debug)]
struct Knot {
    nanos: u64,
    position: Position,
}

impl Trajectory {
    /// Device `i` follows `paths[i]`; paths are used again when there are more devices.
    ///
    /// # Errors
    /// If there are no paths, a path has no points, a coordinate or time is not finite, a time is
    /// negative, or times do not increase by at least a nanosecond from point to point.
    pub fn new(paths: &[Vec<TrajectoryPoint>], repeat: bool) -> Result<Self, MobilityError> {
        const MODEL: &str = "trajectory";
        check(!paths.is_empty(), MODEL, "number of paths", 0.0, "at least 1")?;
        let mut checked = Vec::with_capacity(paths.len());
        for (device, points) in paths.iter().enumerate() {
            let name = format!("number of points of paths[{device}]");
            check(!points.is_empty(), MODEL, name, 0.0, "at least 1")?;
            let mut knots: Vec<Knot> = Vec::with_capacity(points.len());
            for (number, &TrajectoryPoint { time_s, position }) in points.iter().enumerate() {
                let name = format!("paths[{device}][{number}]");
                check_place(MODEL, &format!("{name}.position"), position)?;
                let good = time_s >= 0.0 && time_s.is_finite();
                check(good, MODEL, format!("{name}.time_s"), time_s, "at least 0 and finite")?;
                let nanos = SimTime::from_secs(time_s).as_nanos();
                let later = knots.last().is_none_or(|last| nanos > last.nanos);
                check(later, MODEL, format!("{name}.time_s"), time_s, "after the point before")?;
                knots.push(Knot { nanos, position });
            }
            checked.push(knots);
        }
        Ok(Trajectory { paths: checked, repeat })
    }

    /// The leg of this number for the device, or a stay for ever if there is none.
    fn leg(&self, number: u64, mover: &mut Mover<'_>) -> Leg {
        *mover.memory = number;
        let path = self.path(mover.index);
        let (first, last) = (path[0], path[path.len() - 1]);
        let legs = path.len() as u64 - 1;
        if legs == 0 || (number >= legs && !self.repeat) {
            return Leg::stay(last.position, mover.now, SimTime::MAX);
        }
        let shift = (number / legs).saturating_mul(last.nanos - first.nanos);
        let at = |knot: Knot| SimTime::from_nanos(knot.nanos.saturating_add(shift));
        let place = (number % legs) as usize;
        let (from, to) = (path[place], path[place + 1]);
        Leg::straight(from.position, to.position, at(from), at(to))
    }

    fn path(&self, index: u32) -> &[Knot] {
        &self.paths[index as usize % self.paths.len()]
    }
}

/// The memory of a device that waits for its first point.
const WAITING: u64 = u64::MAX;

impl MobilityModel for Trajectory {
    fn start(&mut self, mover: &mut Mover<'_>) -> Leg {
        let path = self.path(mover.index);
        let (first, last) = (path[0], path[path.len() - 1]);
        let mut nanos = mover.now.as_nanos();
        if nanos < first.nanos {
            *mover.memory = WAITING;
            return Leg::stay(first.position, mover.now, SimTime::from_nanos(first.nanos));
        }
        let legs = path.len() as u64 - 1;
        let mut number = 0;
        if self.repeat && legs > 0 {
            let period = last.nanos - first.nanos;
            number = (nanos - first.nanos) / period * legs;
            nanos = first.nanos + (nanos - first.nanos) % period;
        }
        number += path.partition_point(|knot| knot.nanos <= nanos) as u64 - 1;
        self.leg(number, mover)
    }

    fn next_leg(&mut self, _previous: &Leg, mover: &mut Mover<'_>) -> Leg {
        self.leg(mover.memory.wrapping_add(1), mover)
    }
}

#[cfg(test)]
mod tests {
    use super::super::harness::legs;
    use super::*;
    use crate::engine::RandomStreams;

    fn path(points: &[(f64, f64, f64)]) -> Vec<TrajectoryPoint> {
        let point = |&(time_s, x, y)| TrajectoryPoint { time_s, position: Position::ground(x, y) };
        points.iter().map(point).collect()
    }

    /// The place at `time_s` of the first leg that ends later.
    fn place(legs: &[Leg], time_s: f64) -> Position {
        let time = SimTime::from_secs(time_s);
        legs.iter().find(|leg| leg.arrive > time).expect("a leg at that time").position(time)
    }

    #[test]
    fn points_are_hit_exactly_and_lines_are_straight() {
        let points = path(&[(10.0, 0.0, 0.0), (20.0, 100.0, 0.0), (60.0, 100.0, 80.0)]);
        let mut model = Trajectory::new(&[points], false).expect("good points");
        let legs = legs(&mut model, 1, 0, 99);
        assert_eq!(legs.len(), 4);
        assert_eq!(
            legs[3],
            Leg::stay(Position::ground(100.0, 80.0), SimTime::from_secs(60.0), SimTime::MAX)
        );
        let expected = [
            (0.0, 0.0, 0.0),
            (10.0, 0.0, 0.0),
            (15.0, 50.0, 0.0),
            (20.0, 100.0, 0.0),
            (40.0, 100.0, 40.0),
        ];
        for (time_s, x, y) in expected.into_iter().chain([(1e6, 100.0, 80.0)]) {
            assert_eq!(place(&legs, time_s), Position::ground(x, y), "{time_s}");
        }
    }

    #[test]
    fn a_repeated_trajectory_starts_again() {
        let points = path(&[(5.0, 0.0, 0.0), (15.0, 10.0, 0.0), (25.0, 0.0, 0.0)]);
        let mut model = Trajectory::new(&[path(&[(0.0, 7.0, 7.0)]), points], true).expect("good points");
        let round = legs(&mut model, 1, 3, 60);
        assert_eq!(round.len(), 60);
        for pair in round.windows(2) {
            assert_eq!((pair[0].to, pair[0].arrive), (pair[1].from, pair[1].depart));
        }
        for (time_s, x) in [(0.0, 0.0), (7.0, 2.0), (22.0, 3.0), (27.0, 2.0), (507.0, 2.0)] {
            assert_eq!(place(&round, time_s), Position::ground(x, 0.0), "{time_s}");
        }
        // A path of a single point is a stay, repeated or not.
        assert_eq!(legs(&mut model, 1, 0, 9).len(), 1);
    }

    #[test]
    fn a_late_start_is_in_the_middle() {
        let points = path(&[(5.0, 0.0, 0.0), (15.0, 10.0, 0.0), (25.0, 0.0, 0.0)]);
        for (repeat, now_s, x) in
            [(false, 17.0, 8.0), (false, 99.0, 0.0), (true, 48.0, 3.0), (true, 25.0, 0.0)]
        {
            let mut model = Trajectory::new(std::slice::from_ref(&points), repeat).expect("good points");
            let now = SimTime::from_secs(now_s);
            let mut random = RandomStreams::new(1).entity("mobility", 0);
            let mut mover = Mover { index: 0, now, random: &mut random, memory: &mut 0 };
            let leg = model.start(&mut mover);
            assert!(leg.depart <= now && leg.arrive > now, "{leg:?}");
            assert_eq!(leg.position(now), Position::ground(x, 0.0), "{now_s}");
        }
    }

    #[test]
    fn bad_points_are_named() {
        let message = |paths: &[Vec<TrajectoryPoint>]| {
            Trajectory::new(paths, false).expect_err("a bad trajectory").to_string()
        };
        assert_eq!(message(&[]), "trajectory: number of paths is 0, but must be at least 1");
        assert_eq!(
            message(&[Vec::new()]),
            "trajectory: number of points of paths[0] is 0, but must be at least 1"
        );
        assert_eq!(
            message(&[path(&[(3.0, 0.0, 0.0), (3.0, 1.0, 0.0)])]),
            "trajectory: paths[0][1].time_s is 3, but must be after the point before"
        );
        assert_eq!(
            message(&[path(&[(0.0, f64::NAN, 0.0)])]),
            "trajectory: paths[0][0].position.x_m is NaN, but must be finite"
        );
        assert!(Trajectory::new(&[path(&[(-1.0, 0.0, 0.0)])], false).is_err());
    }
}
