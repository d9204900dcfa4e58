//! Where nodes are and how they move.

use super::Draw;
use crate::scenario::import::FcdCoordinates;
use crate::scenario::{Coordinate, Duration, Length, Speed};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A point on the ground or above it: `x` and `y`, or `longitude` and `latitude`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PointSpec {
    /// East of the origin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<Coordinate>,
    /// North of the origin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<Coordinate>,
    /// Degrees east of Greenwich.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -180.0, max = 180.0))]
    pub longitude: Option<f64>,
    /// Degrees north of the equator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -90.0, max = 90.0))]
    pub latitude: Option<f64>,
    /// Above the ground.
    #[serde(default)]
    pub z: Coordinate,
}

/// How nodes that stand still are laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// In the middles of the cells of a grid over the area, as square as can be.
    #[default]
    Grid,
    /// At random in the area.
    Uniform,
    /// All in the middle of the area.
    Center,
}

/// The nodes stand still.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StaticMobility {
    /// Where, one after the other; by the layout if left out.
    pub positions: Option<Vec<PointSpec>>,
    /// How they are laid out if there are no positions.
    pub layout: Layout,
}

/// Each node goes to a random place in the area at a random speed, pauses, and goes on. Starts at uniform
/// places; over a long run the centre of the area is visited more often.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RandomWaypointMobility {
    /// Least speed, above zero.
    pub min_speed: Speed,
    /// Greatest speed.
    pub max_speed: Speed,
    /// Pause at each place.
    pub pause: Draw<Duration>,
}

impl Default for RandomWaypointMobility {
    fn default() -> Self {
        RandomWaypointMobility {
            min_speed: Speed::from_metres_per_second(0.5),
            max_speed: Speed::from_metres_per_second(2.0),
            pause: Draw::Constant(Duration::from_secs(10.0)),
        }
    }
}

/// A place that nomads visit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceSpec {
    /// East of the origin.
    pub x: Coordinate,
    /// North of the origin.
    pub y: Coordinate,
    /// Its attractiveness type: an index into `mean_dwell`.
    #[serde(default)]
    pub attractiveness: usize,
}

/// Each node dwells at a place and then jumps to another, any with the same probability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NomadicMobility {
    /// The places; a grid of 3 by 3 over the area if left out.
    pub places: Option<Vec<PlaceSpec>>,
    /// Mean of the exponential dwell time at the places of each attractiveness type.
    #[schemars(length(min = 1))]
    pub mean_dwell: Vec<Duration>,
    /// Radius around a place in which nodes stand.
    pub jitter: Length,
}

impl Default for NomadicMobility {
    fn default() -> Self {
        NomadicMobility {
            places: None,
            mean_dwell: vec![Duration::from_secs(300.0)],
            jitter: Length::from_metres(0.0),
        }
    }
}

/// A part of a ring road.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoadSegmentSpec {
    /// Its length.
    pub length: Length,
    /// The speed of all vehicles on it.
    pub speed: Speed,
}

/// Vehicles go round a road in one direction, from uniform places on. The road lies along the x axis from the
/// origin; its end is its beginning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RingRoadMobility {
    /// Its parts, in order.
    #[schemars(length(min = 1))]
    pub segments: Vec<RoadSegmentSpec>,
}

/// Where a node is at a time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrajectoryPointSpec {
    /// When.
    pub t: Duration,
    /// East of the origin.
    pub x: Coordinate,
    /// North of the origin.
    pub y: Coordinate,
    /// Above the ground.
    #[serde(default)]
    pub z: Coordinate,
}

/// Each node follows points in time, in straight lines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrajectoryMobility {
    /// The points of each node, or of the first few, after which the rest follow the same again.
    #[schemars(length(min = 1))]
    pub paths: Vec<Vec<TrajectoryPointSpec>>,
    /// Whether a path starts again at its end.
    #[serde(default)]
    pub repeat: bool,
}

/// The nodes stand at the sites of a CSV file: as many, named `CLASS-ID`. Its header names the columns `id`,
/// `longitude`, `latitude` and, each optional, `height_m`, `transmit_power_dbm`, `antenna_gain_db` and `range_m`, which
/// go before those of the class's access point. The headers of the EUA data set and of OpenCelliD are known, too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SitesMobility {
    /// The file, relative to the scenario.
    pub file: String,
    /// Only the sites within; all if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounds: Option<BoundsSpec>,
}

/// A rectangle of degrees.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BoundsSpec {
    /// Least longitude.
    #[schemars(range(min = -180.0, max = 180.0))]
    pub west: f64,
    /// Least latitude.
    #[schemars(range(min = -90.0, max = 90.0))]
    pub south: f64,
    /// Greatest longitude.
    #[schemars(range(min = -180.0, max = 180.0))]
    pub east: f64,
    /// Greatest latitude.
    #[schemars(range(min = -90.0, max = 90.0))]
    pub north: f64,
}

/// The nodes are the vehicles of a SUMO trace (floating car data, XML or CSV, plain or gzipped): as many, named
/// as there, in the world while the trace has them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FcdMobility {
    /// The file, relative to the scenario, or `${STRATOSIM_DATA}/...` in the folder of data.
    pub file: String,
    /// A small file that is read, and told of, where the other one does not exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stand_in: Option<String>,
    /// What the coordinates are.
    #[serde(default)]
    pub coordinates: FcdCoordinates,
    /// Longitude of the origin in degrees, as in the scenario's `origin`.
    #[serde(default)]
    pub origin_longitude: Option<f64>,
    /// Latitude of the origin in degrees.
    #[serde(default)]
    pub origin_latitude: Option<f64>,
}
