//! Profiles of speed along a line: from one speed to another as quickly as the limits allow, by trapezoids or, with
//! limited jerk, by S-curves.

use smallvec::SmallVec;

/// Limits along a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Speed in m/s (> 0).
    pub speed_m_per_s: f64,
    /// Acceleration and deceleration in m/s2 (> 0).
    pub acceleration_m_per_s2: f64,
    /// Change of acceleration in m/s3 (> 0); infinite for none.
    pub jerk_m_per_s3: f64,
}

/// A stretch of a profile with constant jerk.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Piece {
    /// Seconds that it lasts.
    pub seconds: f64,
    /// Speed at its start in m/s.
    pub speed_m_per_s: f64,
    /// Acceleration at its start in m/s2.
    pub acceleration_m_per_s2: f64,
    /// Jerk in m/s3.
    pub jerk_m_per_s3: f64,
}

impl Piece {
    /// Metres that it covers.
    #[must_use]
    pub fn way_m(&self) -> f64 {
        let half = self.acceleration_m_per_s2 / 2.0 + self.jerk_m_per_s3 / 6.0 * self.seconds;
        (self.speed_m_per_s + half * self.seconds) * self.seconds
    }
}

/// The pieces of a profile, at most seven.
pub type Pieces = SmallVec<[Piece; 7]>;

/// Seconds from rest to rest over a distance with a symmetric trapezoid of speed: d/v + v/a, or 2 sqrt(d/a) if the speed
/// is not reached.
///
/// ```
/// use stratosim::infra::vehicles::rest_to_rest_s;
/// assert_eq!(rest_to_rest_s(100.0, 5.0, 1.0), 25.0);
/// assert_eq!(rest_to_rest_s(16.0, 5.0, 1.0), 8.0);
/// ```
#[must_use]
pub fn rest_to_rest_s(distance_m: f64, speed_m_per_s: f64, acceleration_m_per_s2: f64) -> f64 {
    if distance_m >= speed_m_per_s * speed_m_per_s / acceleration_m_per_s2 {
        distance_m / speed_m_per_s + speed_m_per_s / acceleration_m_per_s2
    } else {
        2.0 * (distance_m / acceleration_m_per_s2).sqrt()
    }
}

impl Limits {
    /// Seconds that a change of speed by this much takes from and to constant speed, and the seconds of each of its
    /// two phases of jerk: a = j t1, dv = a (t - t1), or dv = j (t/2)^2 if the acceleration is not reached.
    fn change_s(&self, change_m_per_s: f64) -> (f64, f64) {
        let (a, j, dv) = (self.acceleration_m_per_s2, self.jerk_m_per_s3, change_m_per_s.abs());
        if j.is_infinite() {
            (dv / a, 0.0)
        } else if dv >= a * a / j {
            (dv / a + a / j, a / j)
        } else {
            let phase_s = (dv / j).sqrt();
            (2.0 * phase_s, phase_s)
        }
    }

    /// Metres that a change from one speed to another takes: by symmetry its time at the mean speed.
    #[must_use]
    pub fn change_m(&self, from_m_per_s: f64, to_m_per_s: f64) -> f64 {
        let (seconds, _) = self.change_s(to_m_per_s - from_m_per_s);
        (from_m_per_s + to_m_per_s) / 2.0 * seconds
    }

    /// The pieces of a change from one speed to another.
    pub fn change(&self, pieces: &mut Pieces, from_m_per_s: f64, to_m_per_s: f64) {
        let (seconds, phase_s) = self.change_s(to_m_per_s - from_m_per_s);
        if seconds <= 0.0 {
            return;
        }
        let sign = (to_m_per_s - from_m_per_s).signum();
        if phase_s == 0.0 {
            pieces.push(Piece {
                seconds,
                speed_m_per_s: from_m_per_s,
                acceleration_m_per_s2: sign * self.acceleration_m_per_s2,
                jerk_m_per_s3: 0.0,
            });
            return;
        }
        let jerk = sign * self.jerk_m_per_s3;
        let even_s = (seconds - 2.0 * phase_s).max(0.0);
        let (mut speed, mut acceleration) = (from_m_per_s, 0.0);
        for (seconds, jerk) in [(phase_s, jerk), (even_s, 0.0), (phase_s, -jerk)] {
            if seconds > 0.0 {
                pieces.push(Piece {
                    seconds,
                    speed_m_per_s: speed,
                    acceleration_m_per_s2: acceleration,
                    jerk_m_per_s3: jerk,
                });
            }
            speed += (acceleration + jerk * seconds / 2.0) * seconds;
            acceleration += jerk * seconds;
        }
    }

    /// The greatest speed at the end of a way to which, or from which, the speed can change on the way.
    #[must_use]
    pub fn reachable_m_per_s(&self, from_m_per_s: f64, length_m: f64) -> f64 {
        let (v, a) = (from_m_per_s, self.acceleration_m_per_s2);
        if self.jerk_m_per_s3.is_infinite() {
            return (v * v + 2.0 * a * length_m).sqrt();
        }
        let high = (v * v + 2.0 * a * length_m).sqrt();
        greatest(v, high, |to| self.change_m(v, to) <= length_m)
    }

    /// The quickest profile over `length_m` metres from one speed to another: up to a top speed, on at that, and to the
    /// last speed. If the way is too short to change from the first speed to the last within the limits, it is braked,
    /// or sped up, evenly and harder than they allow, so that the way comes out in any case; callers see to it that it
    /// is not.
    #[must_use]
    pub fn profile(&self, length_m: f64, from_m_per_s: f64, to_m_per_s: f64) -> Pieces {
        let mut pieces = Pieces::new();
        let (from, to) = (from_m_per_s, to_m_per_s);
        let way_m = |top: f64| self.change_m(from, top) + self.change_m(top, to);
        let direct_m = self.change_m(from, to);
        if direct_m > length_m * (1.0 + 1e-9) + 1e-9 {
            let mean = (from + to) / 2.0;
            let seconds = length_m / mean;
            pieces.push(Piece {
                seconds,
                speed_m_per_s: from,
                acceleration_m_per_s2: (to - from) / seconds,
                jerk_m_per_s3: 0.0,
            });
            return pieces;
        }
        let limit = self.speed_m_per_s.max(to);
        let top = if way_m(limit) <= length_m {
            limit
        } else if self.jerk_m_per_s3.is_infinite() {
            let squares = (from * from + to * to) / 2.0;
            (self.acceleration_m_per_s2 * length_m + squares).sqrt().clamp(from.max(to), limit.max(from))
        } else {
            greatest(from.max(to), limit.max(from), |top| way_m(top) <= length_m)
        };
        self.change(&mut pieces, from, top);
        let even_m = length_m - way_m(top);
        if even_m > 0.0 && top > 0.0 {
            pieces.push(Piece { seconds: even_m / top, speed_m_per_s: top, ..Piece::default() });
        }
        self.change(&mut pieces, top, to);
        pieces
    }
}

/// The greatest number between two for which a condition holds that holds up to some number, found by bisection until
/// rounding ends it.
fn greatest(low: f64, high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (low, high);
    if holds(high) {
        return high;
    }
    loop {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            return low;
        }
        if holds(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seconds(pieces: &Pieces) -> f64 {
        pieces.iter().map(|piece| piece.seconds).sum()
    }

    fn way_m(pieces: &Pieces) -> f64 {
        pieces.iter().map(Piece::way_m).sum()
    }

    fn limits(v: f64, a: f64, j: f64) -> Limits {
        Limits { speed_m_per_s: v, acceleration_m_per_s2: a, jerk_m_per_s3: j }
    }

    #[test]
    fn trapezoids_take_the_closed_form() {
        for (d, v, a) in [(500.0, 5.0, 1.0), (25.0, 5.0, 1.0), (10.0, 5.0, 1.0), (3.0, 12.0, 2.5)] {
            let pieces = limits(v, a, f64::INFINITY).profile(d, 0.0, 0.0);
            assert!((seconds(&pieces) - rest_to_rest_s(d, v, a)).abs() < 1e-12, "{d} {v} {a}");
            assert!((way_m(&pieces) - d).abs() < 1e-9);
        }
    }

    /// Biagiotti and Melchiorri, Trajectory Planning for Automatic Machines and Robots (2008), 3.4: from rest to rest
    /// over h with limits v, a, j the double S takes h/v + v/a + a/j if it reaches speed and acceleration, ...
    #[test]
    fn s_curves_take_the_closed_form() {
        let (v, a, j) = (10.0, 2.5, 1.0);
        // Both reached: v a / j + v^2 / a <= h, here 25 + 40.
        let d: f64 = 200.0;
        let pieces = limits(v, a, j).profile(d, 0.0, 0.0);
        assert_eq!(pieces.len(), 7);
        assert!((seconds(&pieces) - (d / v + v / a + a / j)).abs() < 1e-12);
        // The acceleration alone: from v = a^2/(2j) (sqrt(1 + 4 h j^2/a^3) - 1), twice v/a + a/j.
        let d: f64 = 50.0;
        let top = a * a / (2.0 * j) * ((1.0 + 4.0 * d * j * j / a.powi(3)).sqrt() - 1.0);
        let pieces = limits(v, a, j).profile(d, 0.0, 0.0);
        assert!((seconds(&pieces) - 2.0 * (top / a + a / j)).abs() < 1e-9);
        // Neither: 4 (h / (2 j))^(1/3).
        let d: f64 = 4.0;
        let pieces = limits(v, a, j).profile(d, 0.0, 0.0);
        assert!((seconds(&pieces) - 4.0 * (d / (2.0 * j)).cbrt()).abs() < 1e-9);
        assert!((way_m(&pieces) - d).abs() < 1e-9);
    }

    proptest! {
        /// Whatever the speeds at the ends, profiles cover the way, join without jumps and keep their limits.
        #[test]
        fn profiles_keep_their_limits(
            v in 0.5..20.0f64, a in 0.2..5.0f64, j in prop_oneof![Just(f64::INFINITY), 0.2..10.0f64],
            from in 0.0..1.0f64, to in 0.0..1.0f64, length in 0.01..1000.0f64,
        ) {
            let own = limits(v, a, j);
            let from = from * v;
            let to = (to * v).min(own.reachable_m_per_s(from, length));
            prop_assume!(own.change_m(from, to) <= length);
            let pieces = own.profile(length, from, to);
            prop_assert!((way_m(&pieces) - length).abs() < 1e-6 * length.max(1.0));
            let (mut speed, mut acceleration) = (from, 0.0);
            for piece in &pieces {
                prop_assert!((piece.speed_m_per_s - speed).abs() < 1e-6);
                if j.is_finite() {
                    prop_assert!((piece.acceleration_m_per_s2 - acceleration).abs() < 1e-6);
                }
                for step in 0..=20 {
                    let t = piece.seconds * f64::from(step) / 20.0;
                    let now = piece.acceleration_m_per_s2 + piece.jerk_m_per_s3 * t;
                    let at = piece.speed_m_per_s + (piece.acceleration_m_per_s2 + piece.jerk_m_per_s3 * t / 2.0) * t;
                    prop_assert!(now.abs() <= a * (1.0 + 1e-9));
                    prop_assert!(at <= v * (1.0 + 1e-9) && at >= -1e-6);
                    (speed, acceleration) = (at, now);
                }
            }
            prop_assert!((speed - to).abs() < 1e-6);
        }
    }
}
