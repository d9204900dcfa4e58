//! What makes the nodes of a class vehicles.

use super::super::geometry::Position;
use crate::energy::Propulsion;
use std::sync::Arc;

/// What kind of vehicle it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VehicleKind {
    /// A rotary-wing aircraft with several rotors.
    Multicopter,
    /// A vehicle on wheels or tracks that turns on the spot.
    Rover,
}

/// How fast a vehicle goes through a corner of its route.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Corners {
    /// It stops at each waypoint.
    Stop,
    /// It keeps a share of its speed that depends on the angle: an aircraft as a 3DR Iris was measured to (Di Franco and
    /// Buttazzo 2016; see [`Corners::kept_share`]), a rover evenly less down to the angle from which it turns on the spot.
    ByAngle,
}

/// Inner angles in degrees, and shares of the speed that are kept.
const IRIS_CORNERS: [(f64, f64); 10] = [
    (45.0, 0.0),
    (60.0, 0.04),
    (75.0, 0.12),
    (90.0, 0.50),
    (105.0, 0.69),
    (120.0, 0.72),
    (135.0, 0.74),
    (150.0, 0.79),
    (165.0, 0.84),
    (180.0, 1.0),
];

impl Corners {
    /// Share of the speed in 0..=1 that is kept at a corner with this inner angle: 180 degrees is straight on, 0 is back.
    /// Linear between the measured angles.
    ///
    /// ```
    /// use stratosim::infra::vehicles::Corners;
    /// assert_eq!(Corners::ByAngle.kept_share(90.0), 0.5);
    /// assert_eq!(Corners::ByAngle.kept_share(180.0), 1.0);
    /// assert_eq!(Corners::Stop.kept_share(180.0), 0.0);
    /// ```
    #[must_use]
    pub fn kept_share(self, inner_angle_deg: f64) -> f64 {
        match self {
            Corners::Stop => 0.0,
            Corners::ByAngle => interpolate(&IRIS_CORNERS, inner_angle_deg),
        }
    }
}

/// The value at `at` of points in ascending order, linear between them and constant beyond.
pub(super) fn interpolate(points: &[(f64, f64)], at: f64) -> f64 {
    let after = points.partition_point(|(place, _)| *place <= at);
    match (after.checked_sub(1).and_then(|before| points.get(before)), points.get(after)) {
        (Some((low, from)), Some((high, to))) => from + (to - from) * (at - low) / (high - low),
        (Some((_, value)), None) | (None, Some((_, value))) => *value,
        (None, None) => 0.0,
    }
}

/// Limits of speed and acceleration, and how long an autopilot takes to respond.
#[derive(Clone, Debug, PartialEq)]
pub struct Kinematics {
    /// Horizontal speed in m/s.
    pub speed_m_per_s: f64,
    /// Rate of climb that is set, in m/s.
    pub climb_m_per_s: f64,
    /// Rate of descent that is set, in m/s.
    pub descent_m_per_s: f64,
    /// Share of the set rate of climb that is reached, in 0..=1.
    pub climb_share: f64,
    /// Share of the set rate of descent that is reached under guidance, in 0..=1.
    pub descent_share: f64,
    /// True speed over the ground against the set speed in m/s, in ascending order; 1 if empty.
    pub speed_gain: Vec<(f64, f64)>,
    /// Horizontal acceleration in m/s2, to go and to stop.
    pub acceleration_m_per_s2: f64,
    /// Vertical acceleration in m/s2.
    pub climb_acceleration_m_per_s2: f64,
    /// Change of acceleration in m/s3; infinite for trapezoidal profiles.
    pub jerk_m_per_s3: f64,
    /// Greatest horizontal speed through the air in m/s, at the limit of the lean angle.
    pub airspeed_limit_m_per_s: f64,
    /// Horizontal speed through the air in m/s at which it leans by 45 degrees; the tangent grows with the square.
    pub lean_reference_m_per_s: f64,
    /// Metres around a waypoint within which a rover has reached it.
    pub accept_radius_m: f64,
    /// What it does at corners.
    pub corners: Corners,
    /// Seconds before it moves along a line that is not straight up or down.
    pub start_delay_s: f64,
    /// Seconds before it climbs straight up.
    pub climb_delay_s: f64,
    /// Seconds at rest before it counts as arrived.
    pub settle_s: f64,
    /// Seconds from the command to arm until it rises or may go.
    pub spool_up_s: f64,
    /// Seconds from touch-down to disarming.
    pub disarm_s: f64,
}

/// How a rover turns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TurnSpec {
    /// Greatest rate of a turn on the spot in degrees a second.
    pub rate_deg_per_s: f64,
    /// Change of that rate in degrees/s2.
    pub acceleration_deg_per_s2: f64,
    /// Change of heading in degrees from which it stops to turn on the spot.
    pub pivot_deg: f64,
}

/// How a vehicle lands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LandingSpec {
    /// Metres above the ground below which it descends slowly.
    pub slow_below_m: f64,
    /// Rate of descent above that, in m/s.
    pub fast_m_per_s: f64,
    /// Rate of descent below that, in m/s.
    pub slow_m_per_s: f64,
}

/// How a vehicle returns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReturnSpec {
    /// Metres above home to which it rises first.
    pub altitude_m: f64,
    /// Metres it rises a metre of distance at most, so that it rises less near home; no limit if zero or
    /// infinite.
    pub cone_slope: f64,
    /// Speed on the way in m/s.
    pub speed_m_per_s: f64,
    /// Seconds that it hovers above home.
    pub hover_s: f64,
}

/// How a vehicle keeps station.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FollowSpec {
    /// Closing speed a metre of distance, in 1/s.
    pub gain_per_s: f64,
    /// Metres from the station within which it is on station.
    pub station_radius_m: f64,
    /// Greatest seconds from step to step.
    pub interval_s: f64,
    /// Metres beyond which the target is lost.
    pub distance_limit_m: f64,
    /// Seconds without a sign of the target after which it is lost.
    pub timeout_s: f64,
}

/// When a vehicle gives up what it does because of its battery.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReservePolicy {
    /// Whether it does so at all.
    pub enabled: bool,
    /// Share of the capacity that is to be left when it has come home.
    pub home_share: f64,
    /// Share of the capacity that is to be left when it has landed where it is.
    pub landing_share: f64,
}

/// What a vehicle does when its node fails in the air.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultPolicy {
    /// It falls, and is lost.
    Fall,
    /// Its autopilot goes on, and lands it.
    Land,
}

/// What telemetry tells of a battery: cells in series, in the table of ArduPilot's simulator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PackSpec {
    /// Cells in series.
    pub cells: u32,
    /// Charge when full, in mAh.
    pub capacity_mah: f64,
    /// Volts when full.
    pub full_v: f64,
    /// Inner resistance in ohms.
    pub resistance_ohm: f64,
}

/// What makes the nodes of a class vehicles.
#[derive(Clone, Debug)]
pub struct VehicleSpec {
    /// What kind.
    pub kind: VehicleKind,
    /// Limits and delays.
    pub kinematics: Kinematics,
    /// How a rover turns.
    pub turn: TurnSpec,
    /// How an aircraft lands.
    pub landing: LandingSpec,
    /// How it returns.
    pub return_home: ReturnSpec,
    /// How it follows.
    pub follow: FollowSpec,
    /// What motion takes; nothing of a vehicle with fuel.
    pub propulsion: Arc<dyn Propulsion>,
    /// Watts that the payload draws while the vehicle is armed.
    pub payload_w: f64,
    /// Homes by number; where the vehicle stands at the start for those that have none.
    pub homes: Vec<Position>,
    /// When it gives up because of its battery.
    pub reserve: ReservePolicy,
    /// What it does when its node fails.
    pub on_fault: FaultPolicy,
    /// What telemetry tells of its battery, if anything.
    pub pack: Option<PackSpec>,
}
