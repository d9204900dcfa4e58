//! Missions of vehicles, and their streams of video.

use super::{Names, PointSpec};
use crate::scenario::{
    Coordinate, DataRate, Duration, Energy, Instructions, Length, Power, Ratio, Speed,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How well a detector sees weeds, as the probability to see one, by place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum DetectionSpec {
    /// The same everywhere.
    Uniform {
        /// The probability.
        mean: Ratio,
    },
    /// A smooth random field, cut off at 0 and 1.
    Smooth {
        /// Its mean before it is cut off.
        mean: Ratio,
        /// Its standard deviation before it is cut off.
        spread: Ratio,
        /// Its correlation length: places so far apart are correlated by exp(-1/2).
        correlation: Length,
    },
    /// Values in the middles of the cells of a grid, linear between them.
    Grid {
        /// A CSV file without header, relative to the scenario: a line for each row of cells from the north to the south,
        /// each from the west to the east.
        file: String,
        /// Size of a cell.
        cell: Length,
        /// South-western corner of the grid, east of the origin.
        #[serde(default)]
        x: Coordinate,
        /// South-western corner of the grid, north of the origin.
        #[serde(default)]
        y: Coordinate,
    },
}

/// What grows on a field, and how well the vehicle that scans it sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeedsSpec {
    /// Weeds a square metre on average.
    #[schemars(range(min = 0.0, max = 1e6))]
    pub density_per_m2: f64,
    /// Of the vehicle's own detector.
    pub detection: DetectionSpec,
}

/// A field that is passed over in lines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldSpec {
    /// Its corners, in either direction of turning.
    #[schemars(length(min = 3))]
    pub polygon: Vec<PointSpec>,
    /// Greatest distance of neighbouring lines, and width of what is seen from one.
    pub spacing: Length,
    /// Heading of the lines in degrees clockwise from north; that which needs the fewest lines if left out.
    #[serde(default)]
    #[schemars(range(min = -360.0, max = 360.0))]
    pub heading_deg: Option<f64>,
    /// What grows there; nothing if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weeds: Option<WeedsSpec>,
}

/// What is done about the battery of a vehicle that has come home.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum BatteryServiceSpec {
    /// Nothing: after a return because of its battery it does not start again.
    #[default]
    None,
    /// It gets a full one.
    Swap {
        /// How long that takes.
        time: Duration,
    },
    /// It is charged.
    Charge {
        /// Power that goes into the battery, above 0.
        power: Power,
        /// Up to this share of its capacity, above 0.
        #[serde(default = "full")]
        level: Ratio,
    },
}

fn full() -> Ratio {
    Ratio::from_fraction(1.0)
}

/// What a vehicle does at the end of its way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WayEndName {
    /// It goes home.
    #[default]
    Return,
    /// It stays.
    Stay,
    /// It lands where it is.
    Land,
}

/// A waypoint of a route.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaypointSpec {
    /// East of the origin.
    pub x: Coordinate,
    /// North of the origin.
    pub y: Coordinate,
    /// Above the ground; the mission's `height` if left out.
    #[serde(default)]
    pub z: Option<Length>,
    /// How long the vehicle stays there.
    #[serde(default)]
    pub hold: Duration,
    /// Speed on the way there; the vehicle's own if left out.
    #[serde(default)]
    pub speed: Option<Speed>,
}

/// How a vehicle that scans a field is observed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ObservationSpec {
    /// Time between measurements of its detection, at each of which the policy is asked.
    pub period: Duration,
    /// Standard deviation of a measurement.
    pub noise: Ratio,
}

impl Default for ObservationSpec {
    fn default() -> Self {
        ObservationSpec { period: Duration::from_secs(5.0), noise: Ratio::from_fraction(0.02) }
    }
}

/// Where a drone that helps is, east, north and up of the vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OffsetSpec {
    /// East of the vehicle.
    pub x: Coordinate,
    /// North of the vehicle.
    pub y: Coordinate,
    /// Above the vehicle.
    pub z: Length,
}

impl Default for OffsetSpec {
    fn default() -> Self {
        OffsetSpec {
            x: Coordinate::from_metres(0.0),
            y: Coordinate::from_metres(0.0),
            z: Length::from_metres(15.0),
        }
    }
}

/// What an engagement is worth: seconds of perfect detection gained, less what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ObjectiveSpec {
    /// Energy of a drone that a second of perfect detection is worth, above 0.
    pub energy_per_second: Energy,
    /// Seconds of perfect detection that a second on the way to the vehicle costs.
    #[schemars(range(min = 0.0, max = 1e6))]
    pub overhead_weight: f64,
}

impl Default for ObjectiveSpec {
    fn default() -> Self {
        ObjectiveSpec { energy_per_second: Energy::from_joules(3600.0), overhead_weight: 0.0 }
    }
}

/// The drones that may help a vehicle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HelpersSpec {
    /// Which ones: classes or nodes.
    pub vehicles: Names,
    /// Height of their take-off above home.
    #[serde(default = "fifteen_metres")]
    pub height: Length,
    /// Where they keep station.
    #[serde(default)]
    pub offset: OffsetSpec,
    /// How well their detector sees weeds.
    pub detection: DetectionSpec,
    /// What is done about their batteries.
    #[serde(default)]
    pub service: BatteryServiceSpec,
}

fn fifteen_metres() -> Length {
    Length::from_metres(15.0)
}

/// A mission.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum MissionSpec {
    /// One vehicle passes over a field.
    Scan {
        /// Name of the mission; its kind and number if left out.
        #[serde(default)]
        name: Option<String>,
        /// When it begins.
        #[serde(default)]
        start: Duration,
        /// The vehicle.
        vehicle: String,
        /// The field.
        field: FieldSpec,
        /// Height of a drone above the ground; a rover keeps to that.
        #[serde(default = "fifteen_metres")]
        height: Length,
        /// Speed on the way; the vehicle's own if left out.
        #[serde(default)]
        speed: Option<Speed>,
        /// What is done about its battery.
        #[serde(default)]
        service: BatteryServiceSpec,
        /// What it does in the end.
        #[serde(default)]
        end: WayEndName,
    },
    /// A field is divided among vehicles, in parts of equal length of lines.
    Survey {
        /// Name of the mission; its kind and number if left out.
        #[serde(default)]
        name: Option<String>,
        /// When it begins.
        #[serde(default)]
        start: Duration,
        /// The vehicles: classes or nodes.
        vehicles: Names,
        /// The field.
        field: FieldSpec,
        /// Height of drones above the ground.
        #[serde(default = "fifteen_metres")]
        height: Length,
        /// Speed on the way; the vehicles' own if left out.
        #[serde(default)]
        speed: Option<Speed>,
        /// What is done about batteries: after it a vehicle goes on where it left.
        #[serde(default)]
        service: BatteryServiceSpec,
        /// What they do in the end.
        #[serde(default)]
        end: WayEndName,
    },
    /// Vehicles go along given waypoints, each along all of them.
    Route {
        /// Name of the mission; its kind and number if left out.
        #[serde(default)]
        name: Option<String>,
        /// When it begins.
        #[serde(default)]
        start: Duration,
        /// The vehicles: classes or nodes.
        vehicles: Names,
        /// The waypoints, or those of a `file`.
        #[serde(default)]
        waypoints: Vec<WaypointSpec>,
        /// A mission of a ground station in the format QGC WPL 110, relative to the scenario, which needs an `origin`: its
        /// waypoints, the height of its take-off and its end.
        #[serde(default)]
        file: Option<String>,
        /// Height of a drone's take-off above home, and of waypoints that have none of their own.
        #[serde(default = "fifteen_metres")]
        height: Length,
        /// What is done about batteries.
        #[serde(default)]
        service: BatteryServiceSpec,
        /// What they do in the end; as the file has it, if there is one.
        #[serde(default)]
        end: Option<WayEndName>,
    },
    /// A vehicle, such as a tractor, passes over a field and sprays the weeds that it sees; the policy
    /// `mission_engagement` may have one of several drones help it.
    Agriculture {
        /// Name of the mission; its kind and number if left out.
        #[serde(default)]
        name: Option<String>,
        /// When it begins.
        #[serde(default)]
        start: Duration,
        /// The vehicle.
        vehicle: String,
        /// The field, with `weeds`.
        field: FieldSpec,
        /// Speed on the way; the vehicle's own if left out.
        #[serde(default)]
        speed: Option<Speed>,
        /// What it does in the end.
        #[serde(default)]
        end: WayEndName,
        /// How it is observed.
        #[serde(default)]
        observation: ObservationSpec,
        /// Litres that are sprayed on each weed that is seen.
        #[serde(default = "five_millilitres")]
        #[schemars(range(min = 0.0, max = 1e6))]
        spray_l: f64,
        /// The drones that may help.
        helpers: HelpersSpec,
        /// What is aimed at.
        #[serde(default)]
        objective: ObjectiveSpec,
    },
    /// A drone keeps between a vehicle and the node that this sends to.
    Relay {
        /// Name of the mission; its kind and number if left out.
        #[serde(default)]
        name: Option<String>,
        /// When it begins.
        #[serde(default)]
        start: Duration,
        /// The drone.
        drone: String,
        /// Whom it helps: any node that moves or not.
        vehicle: String,
        /// The node that the vehicle sends to.
        sink: String,
        /// Height above the ground.
        #[serde(default = "fifteen_metres")]
        height: Length,
        /// How far on the way from the vehicle to the sink it stays.
        #[serde(default = "half")]
        share: Ratio,
        /// Time between looks at where it should be.
        #[serde(default = "five_seconds")]
        period: Duration,
        /// How far its place may be off before it moves.
        #[serde(default = "ten_metres")]
        tolerance: Length,
        /// When it goes home; at the end of the run if left out.
        #[serde(default)]
        until: Option<Duration>,
        /// What is done about its battery.
        #[serde(default)]
        service: BatteryServiceSpec,
    },
}

fn five_millilitres() -> f64 {
    0.005
}

fn half() -> Ratio {
    Ratio::from_fraction(0.5)
}

fn five_seconds() -> Duration {
    Duration::from_secs(5.0)
}

fn ten_metres() -> Length {
    Length::from_metres(10.0)
}

/// Where the frames of a stream are worked on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProcessingName {
    /// Where they are made.
    OnBoard,
    /// On the `node`.
    Node,
    /// On the nearest edge node, anew for each message.
    #[default]
    NearestEdge,
    /// As the offloading policy says, for each message.
    Policy,
}

/// What goes if as many messages wait as may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QueueRuleName {
    /// The one that has waited longest.
    #[default]
    DropOldest,
    /// The one that has come.
    DropNewest,
}

/// When a stream runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StreamTimeName {
    /// While its vehicle does what it is out for: is on a line of a field or between waypoints, or keeps its station.
    #[default]
    Work,
    /// From arming to disarming.
    Flight,
    /// All the time.
    Always,
}

/// Streams of video of nodes, one for each source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StreamSpec {
    /// Name; with the source's name after it if there are several.
    #[serde(default = "camera")]
    pub name: String,
    /// The nodes with cameras: classes or nodes.
    pub source: Names,
    /// A node by which messages go in two hops.
    #[serde(default)]
    pub relay: Option<String>,
    /// Frames a second, above 0.
    #[serde(default = "thirty")]
    #[schemars(range(min = 0.001, max = 100_000.0))]
    pub frame_rate: f64,
    /// Width and height of a frame in pixels.
    #[serde(default = "full_hd")]
    #[schemars(range(min = 1, max = 65_536))]
    pub resolution: [u32; 2],
    /// Bits that a pixel takes on average, coded.
    #[serde(default = "tenth")]
    #[schemars(range(min = 0.0, max = 64.0))]
    pub bits_per_pixel: f64,
    /// Bits a second on average, in place of `bits_per_pixel`.
    #[serde(default)]
    pub bit_rate: Option<DataRate>,
    /// Frames from one that is coded by itself to the next one.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 100_000))]
    pub group: u32,
    /// How many times as large such a frame is as another one.
    #[serde(default = "unity")]
    #[schemars(range(min = 1.0, max = 1000.0))]
    pub intra_ratio: f64,
    /// Frames in a message: 1 sends each by itself, 30 a second of video at 30 frames a second.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 100_000))]
    pub frames_per_message: u32,
    /// Where frames are worked on.
    #[serde(default)]
    pub processing: ProcessingName,
    /// The node of the processing `node`.
    #[serde(default)]
    pub node: Option<String>,
    /// Work on a frame; with none it has only to arrive.
    #[serde(default)]
    pub frame_work: Instructions,
    /// Time from when a message is complete to when it must be worked off; later it is late.
    #[serde(default)]
    pub deadline: Option<Duration>,
    /// Messages that may wait at the source.
    #[serde(default = "thirty_messages")]
    pub queue_limit: u32,
    /// What goes if there are more.
    #[serde(default)]
    pub queue_rule: QueueRuleName,
    /// When it runs.
    #[serde(default)]
    pub during: StreamTimeName,
}

fn camera() -> String {
    "camera".into()
}

fn thirty() -> f64 {
    30.0
}

fn full_hd() -> [u32; 2] {
    [1920, 1080]
}

fn tenth() -> f64 {
    0.1
}

fn one() -> u32 {
    1
}

fn unity() -> f64 {
    1.0
}

fn thirty_messages() -> u32 {
    30
}

/// Missions of vehicles, and streams of video of nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MissionsSpec {
    /// Name in tables and summary.
    #[serde(default = "usual_name")]
    pub name: String,
    /// The missions.
    #[serde(default)]
    pub missions: Vec<MissionSpec>,
    /// The streams.
    #[serde(default)]
    pub streams: Vec<StreamSpec>,
}

fn usual_name() -> String {
    "missions".into()
}
