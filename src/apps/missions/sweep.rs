//! How far a vehicle has come on its way.

use super::config::Way;
use super::coverage::Point;
use crate::infra::Position;

/// A way with its lengths, and how much of it is done.
#[derive(Clone, Debug)]
pub(super) struct Sweep {
    /// Where it starts, and its waypoints.
    points: Vec<Point>,
    works: Vec<bool>,
    /// Metres of the way before each point.
    before_m: Vec<f64>,
    /// Waypoints that were reached.
    reached: usize,
    progress_m: f64,
}

fn away_m(from: Point, to: Point) -> f64 {
    (to[0] - from[0]).hypot(to[1] - from[1])
}

pub(super) fn ground(place: Position) -> Point {
    [place.x_m, place.y_m]
}

impl Sweep {
    /// A way from a place on.
    pub(super) fn new(start: Point, way: &Way) -> Self {
        let waypoints = way.waypoints.iter().map(|waypoint| ground(waypoint.place));
        let points: Vec<Point> = std::iter::once(start).chain(waypoints).collect();
        let mut length_m = 0.0;
        let mut before_m = vec![0.0];
        for pair in points.windows(2) {
            length_m += away_m(pair[0], pair[1]);
            before_m.push(length_m);
        }
        Sweep { points, works: way.works.clone(), before_m, reached: 0, progress_m: 0.0 }
    }

    /// Metres of the whole way.
    pub(super) fn length_m(&self) -> f64 {
        self.before_m.last().copied().unwrap_or(0.0)
    }

    /// Metres that are done.
    pub(super) fn progress_m(&self) -> f64 {
        self.progress_m
    }

    /// Waypoints that were reached.
    pub(super) fn reached(&self) -> usize {
        self.reached
    }

    /// Whether the vehicle works on the way to the next waypoint.
    pub(super) fn is_working(&self) -> bool {
        self.works.get(self.reached).is_some_and(|&works| works)
    }

    /// The vehicle has reached the waypoint of this number.
    pub(super) fn reach(&mut self, waypoint: usize) {
        self.reached = self.reached.max(waypoint + 1).min(self.works.len());
        self.progress_m = self.progress_m.max(self.before_m[self.reached]);
    }

    /// The vehicle is at a place on the way to the next waypoint; returns the metres that are done.
    pub(super) fn place(&mut self, place: Point) -> f64 {
        if let Some(&to) = self.points.get(self.reached + 1) {
            let from = self.points[self.reached];
            let length_m = away_m(from, to);
            if length_m > 0.0 {
                let along =
                    (place[0] - from[0]) * (to[0] - from[0]) + (place[1] - from[1]) * (to[1] - from[1]);
                let done_m = self.before_m[self.reached] + (along / length_m).clamp(0.0, length_m);
                self.progress_m = self.progress_m.max(done_m);
            }
        }
        self.progress_m
    }

    /// Calls `take` with each piece of lines on which the vehicle works between two distances: its ends as places, and as
    /// distances.
    pub(super) fn pieces(&self, from_m: f64, to_m: f64, mut take: impl FnMut([Point; 2], [f64; 2])) {
        let first = self.before_m.partition_point(|&before_m| before_m <= from_m).saturating_sub(1);
        for leg in first..self.works.len() {
            let (start_m, end_m) = (self.before_m[leg], self.before_m[leg + 1]);
            if start_m >= to_m {
                break;
            }
            let (low_m, high_m) = (start_m.max(from_m), end_m.min(to_m));
            if self.works[leg] && high_m > low_m {
                let at = |distance_m: f64| {
                    let share = (distance_m - start_m) / (end_m - start_m);
                    let (from, to) = (self.points[leg], self.points[leg + 1]);
                    [from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1])]
                };
                take([at(low_m), at(high_m)], [low_m, high_m]);
            }
        }
    }

    /// Metres of lines on which the vehicle works between two distances.
    pub(super) fn working_m(&self, from_m: f64, to_m: f64) -> f64 {
        let mut working_m = 0.0;
        self.pieces(from_m, to_m, |_, [low_m, high_m]| working_m += high_m - low_m);
        working_m
    }

    /// The place at a distance.
    pub(super) fn at(&self, distance_m: f64) -> Point {
        let after = self.before_m.partition_point(|&before_m| before_m <= distance_m);
        let (Some(before), Some(&to)) = (after.checked_sub(1), self.points.get(after)) else {
            return self.points.last().copied().unwrap_or_default();
        };
        let from = self.points[before];
        let share =
            (distance_m - self.before_m[before]) / (self.before_m[after] - self.before_m[before]);
        [from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1])]
    }

    /// Corners of the way: for each inner waypoint the change of heading in degrees.
    pub(super) fn turns_deg(&self) -> impl Iterator<Item = f64> + '_ {
        self.points.windows(3).map(|three| {
            let heading = |from: Point, to: Point| (to[1] - from[1]).atan2(to[0] - from[0]);
            let change = heading(three[1], three[2]) - heading(three[0], three[1]);
            let turn = change.to_degrees().rem_euclid(360.0);
            turn.min(360.0 - turn)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::coverage::Line;
    use super::*;

    /// From (0, 0) to a line of 10 m at (0, 5), over 5 m to one of 10 m back.
    fn sweep() -> Sweep {
        let lines =
            [Line { from: [0.0, 5.0], to: [10.0, 5.0] }, Line { from: [10.0, 10.0], to: [0.0, 10.0] }];
        Sweep::new([0.0, 0.0], &Way::along(&lines, 0.0, None))
    }

    #[test]
    fn distances_are_those_of_the_way() {
        let sweep = sweep();
        assert_eq!((sweep.length_m(), sweep.working_m(0.0, 30.0)), (30.0, 20.0));
        // 2 m of the first line and 3 m of the second.
        assert_eq!(sweep.working_m(13.0, 23.0), 5.0);
        let mut found = Vec::new();
        sweep.pieces(13.0, 23.0, |places, distances| found.push((places, distances)));
        assert_eq!(found[0], ([[8.0, 5.0], [10.0, 5.0]], [13.0, 15.0]));
        assert_eq!(found[1], ([[10.0, 10.0], [7.0, 10.0]], [20.0, 23.0]));
        assert_eq!(
            (sweep.at(2.0), sweep.at(17.0), sweep.at(99.0)),
            ([0.0, 2.0], [10.0, 7.0], [0.0, 10.0])
        );
        assert_eq!(sweep.turns_deg().collect::<Vec<_>>(), [90.0, 90.0, 90.0]);
    }

    #[test]
    fn progress_never_falls_and_follows_the_vehicle() {
        let mut sweep = sweep();
        assert_eq!(sweep.place([0.2, 3.0]), 3.0);
        assert_eq!(sweep.place([0.0, 1.0]), 3.0);
        // Reached a little early: what is left of the leg counts as done.
        sweep.reach(0);
        assert_eq!((sweep.progress_m(), sweep.reached(), sweep.is_working()), (5.0, 1, true));
        assert_eq!(sweep.place([4.0, 5.1]), 9.0);
        (1..9).for_each(|waypoint| sweep.reach(waypoint));
        assert_eq!((sweep.progress_m(), sweep.is_working()), (30.0, false));
        assert_eq!(sweep.place([100.0, 100.0]), 30.0);
    }
}
