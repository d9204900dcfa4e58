//! Vehicles as autopilots fly and drive them by default.

use super::{
    Corners, FaultPolicy, FollowSpec, Kinematics, LandingSpec, PackSpec, ReservePolicy, ReturnSpec,
    TurnSpec, VehicleKind, VehicleSpec,
};
use crate::energy::{FuelPower, Propulsion, propulsion_preset};
use std::sync::Arc;

/// A named vehicle.
#[derive(Clone, Copy, Debug)]
pub struct VehiclePreset {
    /// The name in scenarios.
    pub name: &'static str,
    /// What kind it is.
    pub kind: VehicleKind,
    /// What it is and where its numbers come from.
    pub about: &'static str,
    /// The name of its power, see [`propulsion_preset`].
    pub propulsion: &'static str,
    make: fn() -> VehicleSpec,
}

impl VehiclePreset {
    /// The vehicle.
    #[must_use]
    pub fn spec(&self) -> VehicleSpec {
        VehicleSpec { propulsion: power(self.propulsion), ..(self.make)() }
    }
}

fn power(name: &str) -> Arc<dyn Propulsion> {
    propulsion_preset(name).map_or_else(|| Arc::new(FuelPower) as _, |preset| preset.with_payload(0.0))
}

const RESERVE: ReservePolicy = ReservePolicy { enabled: true, home_share: 0.1, landing_share: 0.02 };

/// What ArduCopter's `FOLL_` parameters say, without the limit of 100 m; a target is forgotten after 3 s.
const FOLLOW: FollowSpec = FollowSpec {
    gain_per_s: 0.1,
    station_radius_m: 5.0,
    interval_s: 1.0,
    distance_limit_m: f64::INFINITY,
    timeout_s: 3.0,
};

/// Parameters of ArduCopter 3.5.7, and how its simulator was measured to respond: 2.35 s beyond the trapezoid from leg to
/// leg, of which about 0.7 s are spent at the end, as the radius of 2 m is entered 2.2 to 3.2 s before the stop; a steady
/// climb of 2.3, a guided descent of 1.3 and a landing at 1.44 m/s where 2.5 and 1.5 are set; 1.6 s before it rises and
/// about 3.7 s before it climbs further from a hover; 14.2 m/s of 15 at the limit of the lean; disarmed 2.5 s after
/// touch-down.
fn measured_copter() -> VehicleSpec {
    VehicleSpec {
        kind: VehicleKind::Multicopter,
        kinematics: Kinematics {
            speed_m_per_s: 5.0,
            climb_m_per_s: 2.5,
            descent_m_per_s: 1.5,
            climb_share: 2.3 / 2.5,
            descent_share: 1.3 / 1.5,
            speed_gain: Vec::new(),
            acceleration_m_per_s2: 1.0,
            climb_acceleration_m_per_s2: 1.0,
            jerk_m_per_s3: f64::INFINITY,
            airspeed_limit_m_per_s: 14.2,
            lean_reference_m_per_s: 15.08,
            accept_radius_m: 2.0,
            corners: Corners::Stop,
            start_delay_s: 1.65,
            climb_delay_s: 3.7,
            settle_s: 0.7,
            spool_up_s: 1.6,
            disarm_s: 2.5,
        },
        turn: TurnSpec { rate_deg_per_s: 60.0, acceleration_deg_per_s2: 60.0, pivot_deg: 360.0 },
        landing: LandingSpec { slow_below_m: 10.0, fast_m_per_s: 1.44, slow_m_per_s: 0.5 },
        return_home: ReturnSpec { altitude_m: 15.0, cone_slope: 3.0, speed_m_per_s: 5.0, hover_s: 5.0 },
        follow: FOLLOW,
        propulsion: Arc::new(FuelPower),
        payload_w: 0.0,
        homes: Vec::new(),
        reserve: RESERVE,
        on_fault: FaultPolicy::Fall,
        pack: Some(PackSpec { cells: 3, capacity_mah: 5100.0, full_v: 12.6, resistance_ohm: 0.01 }),
    }
}

/// Parameters of ArduCopter 4.5 to 4.8: S-curves, corners on the way, a lean of 30 degrees, which at 15.08 m/s for 45
/// degrees and drag that grows with the square comes to 11.5 m/s.
fn smooth_copter() -> VehicleSpec {
    let base = measured_copter();
    VehicleSpec {
        kinematics: Kinematics {
            speed_m_per_s: 10.0,
            climb_share: 1.0,
            descent_share: 1.0,
            acceleration_m_per_s2: 2.5,
            jerk_m_per_s3: 1.0,
            airspeed_limit_m_per_s: 11.46,
            corners: Corners::ByAngle,
            start_delay_s: 0.0,
            climb_delay_s: 0.0,
            settle_s: 0.0,
            ..base.kinematics
        },
        landing: LandingSpec { fast_m_per_s: 1.5, ..base.landing },
        return_home: ReturnSpec { speed_m_per_s: 10.0, ..base.return_home },
        ..base
    }
}

/// The simulated skid-steering rover with the parameters of ArduPilot's tests of 4.0, measured: it gets to its speed at
/// about 1.75 m/s2, and its true speed is 1.06, 1.04 and 1.00 times the set 1, 2 and 3 m/s.
fn measured_rover() -> VehicleSpec {
    let base = measured_copter();
    VehicleSpec {
        kind: VehicleKind::Rover,
        kinematics: Kinematics {
            speed_m_per_s: 3.0,
            climb_m_per_s: 1.0,
            descent_m_per_s: 1.0,
            climb_share: 1.0,
            descent_share: 1.0,
            speed_gain: vec![(1.0, 1.06), (2.0, 1.04), (3.0, 1.0)],
            acceleration_m_per_s2: 1.75,
            climb_acceleration_m_per_s2: 1.75,
            airspeed_limit_m_per_s: f64::INFINITY,
            accept_radius_m: 3.0,
            corners: Corners::ByAngle,
            start_delay_s: 0.0,
            climb_delay_s: 0.0,
            settle_s: 0.0,
            spool_up_s: 0.0,
            disarm_s: 0.0,
            ..base.kinematics
        },
        turn: TurnSpec { rate_deg_per_s: 120.0, acceleration_deg_per_s2: 120.0, pivot_deg: 60.0 },
        return_home: ReturnSpec { speed_m_per_s: 3.0, hover_s: 0.0, ..base.return_home },
        pack: Some(PackSpec { cells: 3, capacity_mah: 3300.0, full_v: 12.6, resistance_ohm: 0.01 }),
        ..base
    }
}

/// Parameters of Rover 4.7; its jerk is that of its acceleration.
fn rover_4_7() -> VehicleSpec {
    let base = measured_rover();
    VehicleSpec {
        kinematics: Kinematics {
            speed_m_per_s: 2.0,
            speed_gain: Vec::new(),
            acceleration_m_per_s2: 1.0,
            jerk_m_per_s3: 1.0,
            accept_radius_m: 2.0,
            ..base.kinematics
        },
        turn: TurnSpec { pivot_deg: 360.0, ..base.turn },
        return_home: ReturnSpec { speed_m_per_s: 2.0, ..base.return_home },
        ..base
    }
}

/// Parameters of the Aion R1 as AeroLoop sets them.
fn aion_r1() -> VehicleSpec {
    let base = rover_4_7();
    VehicleSpec {
        kinematics: Kinematics {
            speed_m_per_s: 1.0,
            jerk_m_per_s3: f64::INFINITY,
            accept_radius_m: 1.0,
            ..base.kinematics
        },
        turn: TurnSpec { rate_deg_per_s: 60.0, acceleration_deg_per_s2: 120.0, pivot_deg: 90.0 },
        return_home: ReturnSpec { speed_m_per_s: 1.0, ..base.return_home },
        ..base
    }
}

/// A tractor at work: 8 km/h, gentle, and some 10 s to turn around at the end of a row.
fn tractor() -> VehicleSpec {
    let base = rover_4_7();
    VehicleSpec {
        kinematics: Kinematics {
            speed_m_per_s: 2.2,
            acceleration_m_per_s2: 0.5,
            jerk_m_per_s3: f64::INFINITY,
            accept_radius_m: 1.0,
            ..base.kinematics
        },
        turn: TurnSpec { rate_deg_per_s: 20.0, acceleration_deg_per_s2: 20.0, pivot_deg: 60.0 },
        return_home: ReturnSpec { speed_m_per_s: 2.2, ..base.return_home },
        pack: None,
        ..base
    }
}

/// All presets.
const PRESETS: [VehiclePreset; 8] = [
    VehiclePreset {
        name: "arducopter_3_5_7",
        kind: VehicleKind::Multicopter,
        about: "ArduCopter 3.5.7, as its simulator was measured: 5 m/s, trapezoids, stops at waypoints",
        propulsion: "iris",
        make: measured_copter,
    },
    VehiclePreset {
        name: "arducopter_4_0",
        kind: VehicleKind::Multicopter,
        about: "ArduCopter 4.0, as its simulator was measured: as 3.5.7",
        propulsion: "iris",
        make: measured_copter,
    },
    VehiclePreset {
        name: "arducopter_4_5",
        kind: VehicleKind::Multicopter,
        about: "default parameters of ArduCopter 4.5 and 4.6: 10 m/s, S-curves, corners by angle",
        propulsion: "iris",
        make: smooth_copter,
    },
    VehiclePreset {
        name: "arducopter_4_7",
        kind: VehicleKind::Multicopter,
        about: "default parameters of ArduCopter 4.7 and 4.8: as 4.5",
        propulsion: "iris",
        make: smooth_copter,
    },
    VehiclePreset {
        name: "rover_4_0",
        kind: VehicleKind::Rover,
        about: "Rover 4.0's simulated skid-steering rover, measured: 3 m/s, turns on the spot from 60 degrees",
        propulsion: "rover_sitl",
        make: measured_rover,
    },
    VehiclePreset {
        name: "rover_4_7",
        kind: VehicleKind::Rover,
        about: "default parameters of Rover 4.7: 2 m/s, S-curves",
        propulsion: "rover_sitl",
        make: rover_4_7,
    },
    VehiclePreset {
        name: "aion_r1",
        kind: VehicleKind::Rover,
        about: "Aion R1 as AeroLoop sets it: 1 m/s, turns on the spot from 90 degrees",
        propulsion: "rover_sitl",
        make: aion_r1,
    },
    VehiclePreset {
        name: "tractor",
        kind: VehicleKind::Rover,
        about: "a tractor at 2.2 m/s on fuel, which takes some 10 s to turn at the end of a row",
        propulsion: "fuel",
        make: tractor,
    },
];

/// All presets, in the order of the documentation.
#[must_use]
pub fn vehicle_presets() -> &'static [VehiclePreset] {
    &PRESETS
}

/// The vehicle of this name.
///
/// ```
/// use stratosim::infra::vehicles::vehicle_preset;
/// let copter = vehicle_preset("arducopter_4_5").expect("a preset");
/// assert_eq!(copter.kinematics.speed_m_per_s, 10.0);
/// assert!(vehicle_preset("ornithopter").is_none());
/// ```
#[must_use]
pub fn vehicle_preset(name: &str) -> Option<VehicleSpec> {
    PRESETS.iter().find(|preset| preset.name == name).map(VehiclePreset::spec)
}
