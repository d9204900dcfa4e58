//! Where nodes are and how they move.

use super::Draw;
use crate::scenario::import::FcdCoordinates;
use crate::scenario::{Coordinate, Duration, Length, Speed};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A point on the ground or above it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PointSpec {
    /// East of the origin.
    pub x: Coordinate,
    /// North of the origin.
    pub y: Coordinate,
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

/// The nodes are the vehicles of a SUMO trace (floating car data, XML, plain or gzipped): as many, named as
/// there, in the world while the trace has them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FcdMobility {
    /// The file, relative to the scenario.
    pub file: String,
    /// What the coordinates are.
    #[serde(default)]
    pub coordinates: FcdCoordinates,
    /// Longitude of the local origin in degrees; the south-western corner of what the vehicles visit if left
    /// out.
    #[serde(default)]
    pub origin_longitude: Option<f64>,
    /// Latitude of the local origin in degrees.
    #[serde(default)]
    pub origin_latitude: Option<f64>,
}
