//! The energy of a leg: the integral of the power over it.

use super::super::geometry::Leg;
use super::VehicleSpec;
use super::wind::Wind;
use crate::energy::Moving;
use crate::engine::SimTime;

/// Nodes of the Gauss-Kronrod rule of 15 points on 0..1 half of the interval, and weights of Kronrod and, for every other
/// one, Gauss (Piessens et al., QUADPACK, 1983).
const NODES: [f64; 8] = [
    0.9914553711208126,
    0.9491079123427585,
    0.8648644233597691,
    0.7415311855993945,
    0.5860872354676911,
    0.4058451513773972,
    0.20778495500789848,
    0.0,
];
const KRONROD: [f64; 8] = [
    0.022935322010529224,
    0.06309209262997856,
    0.10479001032225019,
    0.14065325971552592,
    0.1690047266392679,
    0.19035057806478542,
    0.20443294007529889,
    0.20948214108472782,
];
const GAUSS: [f64; 4] =
    [0.1294849661688697, 0.27970539148927664, 0.3818300505051189, 0.4179591836734694];

/// Relative error at which the integral is exact enough.
const TOLERANCE: f64 = 1e-12;

/// How often an interval is halved at most: kinks of curves are enclosed so far that they do not matter.
const DEPTH: u32 = 24;

/// The integral of a function, by Gauss and Kronrod, with intervals halved where the two rules differ.
pub(super) fn integral(low: f64, high: f64, value: &impl Fn(f64) -> f64) -> f64 {
    fn part(low: f64, high: f64, depth: u32, scale: f64, value: &impl Fn(f64) -> f64) -> f64 {
        let (middle, half) = ((low + high) / 2.0, (high - low) / 2.0);
        let (mut kronrod, mut gauss) = (0.0, 0.0);
        for (index, (node, weight)) in NODES.iter().zip(KRONROD).enumerate() {
            let sum = if *node == 0.0 {
                value(middle)
            } else {
                value(middle - half * node) + value(middle + half * node)
            };
            kronrod += weight * sum;
            if index % 2 == 1 {
                gauss += GAUSS[index / 2] * sum;
            }
        }
        let (kronrod, gauss) = (kronrod * half, gauss * half);
        let scale = scale.max(kronrod.abs());
        if depth == 0 || (kronrod - gauss).abs() <= TOLERANCE * scale {
            return kronrod;
        }
        part(low, middle, depth - 1, scale, value) + part(middle, high, depth - 1, scale, value)
    }
    if high > low { part(low, high, DEPTH, 0.0, value) } else { 0.0 }
}

/// Where motion takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ground {
    /// In the air.
    Aloft,
    /// A rover, or an aircraft with its motors running on the ground.
    OnGround,
}

/// Motion along a leg: what the power is worked out from.
pub(super) struct LegPower<'a> {
    spec: &'a VehicleSpec,
    leg: &'a Leg,
    /// Horizontal and vertical part of the direction, and the wind along it and across.
    horizontal: f64,
    vertical: f64,
    along_m_per_s: f64,
    across_m_per_s: f64,
    ground: Ground,
}

impl<'a> LegPower<'a> {
    /// The wind is that at the height of the middle of the leg.
    pub(super) fn new(spec: &'a VehicleSpec, leg: &'a Leg, wind: &Wind, ground: Ground) -> Self {
        let [x, y, z] = leg.direction();
        let horizontal = x.hypot(y);
        let [east, north] = wind.at((leg.from.z_m + leg.to.z_m) / 2.0);
        let (along, across) = if horizontal > 1e-9 {
            ((east * x + north * y) / horizontal, (east * y - north * x) / horizontal)
        } else {
            (0.0, east.hypot(north))
        };
        LegPower {
            spec,
            leg,
            horizontal: if horizontal > 1e-9 { horizontal } else { 0.0 },
            vertical: z,
            along_m_per_s: along,
            across_m_per_s: across,
            ground,
        }
    }

    /// How it moves at an instant.
    pub(super) fn moving(&self, speed_m_per_s: f64, acceleration_m_per_s2: f64) -> Moving {
        let ground = speed_m_per_s * self.horizontal;
        Moving {
            airspeed_m_per_s: (ground - self.along_m_per_s).hypot(self.across_m_per_s),
            ground_speed_m_per_s: ground,
            climb_m_per_s: speed_m_per_s * self.vertical,
            acceleration_m_per_s2: acceleration_m_per_s2 * self.horizontal,
        }
    }

    fn watts(&self, speed_m_per_s: f64, acceleration_m_per_s2: f64) -> f64 {
        let is_aircraft = self.spec.kind == super::VehicleKind::Multicopter;
        let motors_w = if is_aircraft && self.ground == Ground::OnGround {
            self.spec.propulsion.armed_w()
        } else {
            self.spec.propulsion.power_w(&self.moving(speed_m_per_s, acceleration_m_per_s2))
        };
        motors_w + self.spec.payload_w
    }

    /// Joules from the start of the leg to an instant of it.
    pub(super) fn energy_j(&self, until: SimTime) -> f64 {
        let seconds = until.min(self.leg.arrive).since(self.leg.depart).as_secs();
        match self.leg.pace {
            _ if self.leg.from == self.leg.to => self.watts(0.0, 0.0) * seconds,
            super::super::geometry::Pace::Cubic {
                speed_m_per_s: speed,
                acceleration_m_per_s2: acceleration,
                jerk_m_per_s3: jerk,
            } if acceleration != 0.0 || jerk != 0.0 => integral(0.0, seconds, &|t: f64| {
                let gained = (acceleration + jerk * t / 2.0) * t;
                self.watts((speed + gained).max(0.0), acceleration + jerk * t)
            }),
            _ => self.watts(self.leg.speed_at(self.leg.depart), 0.0) * seconds,
        }
    }

    /// Watts on average from an instant of the leg to its end; of a stay for ever, those at any time.
    pub(super) fn mean_from_w(&self, since: SimTime) -> f64 {
        let seconds = self.leg.arrive.since(since).as_secs();
        if self.leg.from == self.leg.to || seconds <= 0.0 {
            return self.watts(0.0, 0.0);
        }
        let before_j = if since > self.leg.depart { self.energy_j(since) } else { 0.0 };
        (self.energy_j(self.leg.arrive) - before_j) / seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_integrates_smooth_functions_and_kinks() {
        let exponential = integral(0.0, 2.0, &|x: f64| x.exp());
        assert!((exponential - (2.0_f64.exp() - 1.0)).abs() < 1e-13);
        let kink = integral(0.0, 1.0, &|x: f64| (x - 0.3).abs());
        assert!((kink - (0.09 + 0.49) / 2.0).abs() < 1e-12);
        let root = integral(0.0, 1.0, &|x: f64| x.sqrt());
        assert!((root - 2.0 / 3.0).abs() < 1e-10);
    }
}
