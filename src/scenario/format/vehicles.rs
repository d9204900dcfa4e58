//! Vehicles and wind.

use super::PointSpec;
use crate::scenario::{Duration, Length, Power, Ratio, Speed};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What kind of vehicle it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VehicleKindName {
    /// A rotary-wing aircraft with several rotors.
    Multicopter,
    /// A vehicle on the ground.
    Rover,
}

/// What vehicles do at corners of their routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CornersName {
    /// They stop at each waypoint.
    Stop,
    /// They keep a share of their speed that depends on the angle.
    ByAngle,
}

/// What vehicles do when their nodes fail in the air.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VehicleFaultName {
    /// They fall, and are lost.
    Fall,
    /// Their autopilots land them.
    Land,
}

/// Where vehicles return to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum HomesSpec {
    /// One place for all.
    One(PointSpec),
    /// Places of single vehicles, in order.
    Several(Vec<PointSpec>),
}

/// What vehicles carry.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PayloadSpec {
    /// Power that it draws while the vehicle is armed.
    pub power: Power,
    /// Its mass in kg, which takes more power to carry.
    #[schemars(range(min = 0.0))]
    pub mass_kg: f64,
}

impl Default for PayloadSpec {
    fn default() -> Self {
        PayloadSpec { power: Power::from_watts(0.0), mass_kg: 0.0 }
    }
}

/// Power that was measured or calculated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum PropulsionModelSpec {
    /// A polynomial of the speed, and what climb, descent and acceleration add.
    Measured {
        /// Watts at constant speed as a polynomial of the speed in m/s, constant term first; the speed is that through
        /// the air, of a rover over the ground.
        #[schemars(length(min = 1))]
        cruise_w: Vec<f64>,
        /// Watts at an acceleration of 1 m/s2, in the same form; as at constant speed if left out.
        #[serde(default)]
        accelerating_w: Vec<f64>,
        /// Watts for each m/s of climb.
        #[serde(default)]
        climb_w_per_m_per_s: f64,
        /// Watts for each m/s of descent; below 0 it saves.
        #[serde(default)]
        descent_w_per_m_per_s: f64,
        /// Watts at least.
        #[serde(default)]
        #[schemars(range(min = 0.0))]
        least_w: f64,
        /// Watts when armed on the ground.
        #[serde(default)]
        #[schemars(range(min = 0.0))]
        armed_w: f64,
    },
    /// An actuator disc by momentum theory.
    Momentum {
        /// Mass in kg without payload.
        #[schemars(range(min = 0.001))]
        mass_kg: f64,
        /// Area of all discs in square metres.
        #[schemars(range(min = 0.0001))]
        disc_m2: f64,
        /// Share of the power that goes into the air.
        efficiency: Ratio,
        /// Drag coefficient times area in square metres.
        #[serde(default)]
        #[schemars(range(min = 0.0))]
        drag_area_m2: f64,
        /// Watts when armed on the ground.
        #[serde(default)]
        #[schemars(range(min = 0.0))]
        armed_w: f64,
    },
    /// A rover by its resistances.
    Rolling {
        /// Mass in kg without payload.
        #[schemars(range(min = 0.001))]
        mass_kg: f64,
        /// Coefficient of rolling resistance.
        #[schemars(range(min = 0.0))]
        rolling_resistance: f64,
        /// Drag coefficient times area in square metres.
        #[serde(default)]
        #[schemars(range(min = 0.0))]
        drag_area_m2: f64,
        /// Efficiency of motors and gears.
        efficiency: Ratio,
        /// Power at a stand.
        idle: Power,
    },
}

/// Power of motion: the name of a preset, or a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PropulsionSpec {
    /// A preset.
    Preset(String),
    /// A model.
    Model(PropulsionModelSpec),
}

/// When vehicles give up what they do on account of their batteries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReserveSpec {
    /// Whether they do; they do if it is left out.
    pub enabled: Option<bool>,
    /// Share of the capacity that is to be left at home; 10 % if left out.
    pub home: Option<Ratio>,
    /// Share of the capacity that is to be left after a landing on the way; 2 % if left out.
    pub landing: Option<Ratio>,
}

/// How vehicles follow a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FollowSpecification {
    /// Closing speed a metre of distance, in 1/s; 0.1 if left out.
    #[schemars(range(min = 0.001))]
    pub gain_per_s: Option<f64>,
    /// Distance from the station within which they are on station; 5 m if left out.
    pub radius: Option<Length>,
    /// Longest time from step to step; 1 s if left out.
    pub interval: Option<Duration>,
    /// Distance beyond which the target is lost; none if left out.
    pub distance_limit: Option<Length>,
    /// Time after which a target that is gone is given up; 3 s if left out.
    pub timeout: Option<Duration>,
}

/// How vehicles return.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReturnSpecification {
    /// Height above home to which they rise first.
    pub altitude: Option<Length>,
    /// Metres that they rise a metre of distance from home at most.
    #[schemars(range(min = 0.0))]
    pub cone_slope: Option<f64>,
    /// Speed on the way.
    pub speed: Option<Speed>,
    /// Time over home before they land.
    pub hover: Option<Duration>,
}

/// What makes the nodes of a class vehicles: a preset, and what is otherwise. Their `mobility` says where they stand at
/// the start; commands of workloads move them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct VehicleSpecification {
    /// What kind; that of the preset if left out.
    pub kind: Option<VehicleKindName>,
    /// Autopilot and frame; `arducopter_4_5` or, of a rover, `rover_4_7` if left out.
    pub preset: Option<String>,
    /// Power of motion; that of the preset if left out.
    pub propulsion: Option<PropulsionSpec>,
    /// Battery by its name, such as `lipo_3s_5100`, or `none`. If it is left out, the class's own `battery`, or else that of
    /// the preset.
    pub pack: Option<String>,
    /// Where they return to; where they stand at the start if left out.
    pub home: Option<HomesSpec>,
    /// What they carry.
    pub payload: PayloadSpec,
    /// Horizontal speed.
    pub speed: Option<Speed>,
    /// Rate of climb.
    pub climb: Option<Speed>,
    /// Rate of descent.
    pub descent: Option<Speed>,
    /// Horizontal acceleration in m/s2.
    #[schemars(range(min = 0.01))]
    pub acceleration_m_per_s2: Option<f64>,
    /// Vertical acceleration in m/s2.
    #[schemars(range(min = 0.01))]
    pub climb_acceleration_m_per_s2: Option<f64>,
    /// Change of acceleration in m/s3; 0 for trapezoids.
    #[schemars(range(min = 0.0))]
    pub jerk_m_per_s3: Option<f64>,
    /// Greatest horizontal speed through the air.
    pub airspeed_limit: Option<Speed>,
    /// Distance from a waypoint within which a rover has reached it.
    pub waypoint_radius: Option<Length>,
    /// What they do at corners.
    pub corners: Option<CornersName>,
    /// How they return.
    #[serde(rename = "return")]
    pub return_home: ReturnSpecification,
    /// How they follow a node.
    pub follow: FollowSpecification,
    /// When they give up what they do on account of their batteries.
    pub reserve: ReserveSpec,
    /// What they do when their nodes fail in the air; they fall if it is left out.
    pub on_fault: Option<VehicleFaultName>,
}

/// Gusts of the wind.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GustsSpec {
    /// Standard deviation of each horizontal component.
    pub deviation: Speed,
    /// Time after which the correlation has fallen to 1/e.
    #[serde(default = "ten_seconds")]
    pub correlation: Duration,
    /// Time from step to step.
    #[serde(default = "five_seconds")]
    pub interval: Duration,
}

/// The wind over all vehicles.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WindSpecification {
    /// Mean speed at the reference height.
    pub speed: Speed,
    /// Where it comes from, in degrees clockwise from north.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 360.0))]
    pub from_deg: f64,
    /// Height above the ground at which it has that speed.
    #[serde(default = "ten_metres")]
    pub reference_height: Length,
    /// Exponent of the power law by which it grows with height; 0 for none, 0.14 over open land.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub exponent: f64,
    /// Gusts, if any.
    #[serde(default)]
    pub gusts: Option<GustsSpec>,
}

fn ten_seconds() -> Duration {
    Duration::from_secs(10.0)
}

fn five_seconds() -> Duration {
    Duration::from_secs(5.0)
}

fn ten_metres() -> Length {
    Length::from_metres(10.0)
}

/// What is sampled of vehicles into the table `telemetry`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TelemetrySampleSpec {
    /// Time between samples.
    #[serde(default = "one_second")]
    pub interval: Duration,
    /// Vehicles, by class or name; all if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vehicles: Option<super::Names>,
}

fn one_second() -> Duration {
    Duration::from_secs(1.0)
}
