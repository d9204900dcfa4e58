//! Mobility models: from the format to the infrastructure.

use super::NodeDirectory;
use crate::infra::{
    Area, FeedPoint, LocalPlane, MobilityModel, Nomadic, NomadicPlace, Position, PositionFeed,
    RandomWaypoint, RingRoad, RoadSegment, Static, Trajectory, TrajectoryPoint,
};
use crate::scenario::format::{
    FcdMobility, Layout, NomadicMobility, PointSpec, RandomWaypointMobility, RingRoadMobility,
    StaticMobility, TrajectoryMobility,
};
use crate::scenario::import::{FcdCoordinates, FcdReader, FcdSummary, scan_fcd};
use crate::scenario::{BuildMobility, Site};
use rustc_hash::FxHashMap;

/// How the nodes of a class are placed and moved.
#[derive(Debug)]
pub enum Movement {
    /// By a model.
    Model(Box<dyn MobilityModel>),
    /// By positions from outside; the class has as many nodes as there are names.
    Feed {
        /// Where the positions come from.
        feed: Box<dyn PositionFeed>,
        /// Names of the nodes.
        names: Vec<String>,
    },
}

fn model(model: impl MobilityModel + 'static) -> Option<Movement> {
    Some(Movement::Model(Box::new(model)))
}

fn point(spec: &PointSpec) -> Position {
    Position { x_m: spec.x.as_metres(), y_m: spec.y.as_metres(), z_m: spec.z.as_metres() }
}

fn area(nodes: &NodeDirectory, site: &Site<'_>) -> Option<Area> {
    site.check(Area::rectangle(nodes.area_m.0, nodes.area_m.1))
}

/// Columns and rows of a grid for `count` nodes, as square as can be.
fn grid_shape(count: u32) -> (u32, u32) {
    let columns = (f64::from(count.max(1))).sqrt().ceil() as u32;
    (columns, count.max(1).div_ceil(columns))
}

impl BuildMobility for StaticMobility {
    fn build(&self, site: &Site<'_>, nodes: &NodeDirectory, count: Option<u32>) -> Option<Movement> {
        let count = count.unwrap_or(1);
        if let Some(positions) = &self.positions {
            if positions.len() != count as usize {
                site.key("positions").error(format!(
                    "{} positions are given for {count} nodes; there must be one for each",
                    positions.len()
                ));
                return None;
            }
            return model(site.check(Static::at(positions.iter().map(point).collect()))?);
        }
        let area = area(nodes, site)?;
        match self.layout {
            Layout::Grid => {
                let (columns, rows) = grid_shape(count);
                model(site.check(Static::grid(area, columns, rows))?)
            }
            Layout::Uniform => model(Static::uniform(area)),
            Layout::Center => {
                let middle = Position::ground(nodes.area_m.0 / 2.0, nodes.area_m.1 / 2.0);
                model(site.check(Static::at(vec![middle]))?)
            }
        }
    }
}

impl BuildMobility for RandomWaypointMobility {
    fn build(&self, site: &Site<'_>, nodes: &NodeDirectory, _: Option<u32>) -> Option<Movement> {
        let pause = site.key("pause").check(self.pause.distribution())?;
        let (least, most) =
            (self.min_speed.as_metres_per_second(), self.max_speed.as_metres_per_second());
        model(site.check(RandomWaypoint::new(area(nodes, site)?, least, most, pause))?)
    }
}

impl BuildMobility for NomadicMobility {
    fn build(&self, site: &Site<'_>, nodes: &NodeDirectory, _: Option<u32>) -> Option<Movement> {
        let (width_m, height_m) = nodes.area_m;
        let places = match &self.places {
            Some(places) => places
                .iter()
                .map(|place| NomadicPlace {
                    position: Position::ground(place.x.as_metres(), place.y.as_metres()),
                    attractiveness: place.attractiveness,
                })
                .collect(),
            None => (0..9)
                .map(|cell| NomadicPlace {
                    position: Position::ground(
                        width_m * (f64::from(cell % 3) + 0.5) / 3.0,
                        height_m * (f64::from(cell / 3) + 0.5) / 3.0,
                    ),
                    attractiveness: 0,
                })
                .collect(),
        };
        let dwell_s: Vec<f64> = self.mean_dwell.iter().map(|mean| mean.as_secs()).collect();
        model(site.check(Nomadic::new(places, &dwell_s, self.jitter.as_metres()))?)
    }
}

impl BuildMobility for RingRoadMobility {
    fn build(&self, site: &Site<'_>, _: &NodeDirectory, _: Option<u32>) -> Option<Movement> {
        let segments: Vec<RoadSegment> = self
            .segments
            .iter()
            .map(|segment| RoadSegment {
                length_m: segment.length.as_metres(),
                speed_m_per_s: segment.speed.as_metres_per_second(),
            })
            .collect();
        model(site.key("segments").check(RingRoad::new(&segments))?)
    }
}

impl BuildMobility for TrajectoryMobility {
    fn build(&self, site: &Site<'_>, _: &NodeDirectory, _: Option<u32>) -> Option<Movement> {
        let paths: Vec<Vec<TrajectoryPoint>> = self
            .paths
            .iter()
            .map(|path| {
                path.iter()
                    .map(|knot| TrajectoryPoint {
                        time_s: knot.t.as_secs(),
                        position: point(&PointSpec { x: knot.x, y: knot.y, z: knot.z }),
                    })
                    .collect()
            })
            .collect();
        model(site.key("paths").check(Trajectory::new(&paths, self.repeat))?)
    }
}

/// The vehicles of a trace as a feed.
#[derive(Debug)]
struct FcdFeed {
    reader: FcdReader,
}

impl PositionFeed for FcdFeed {
    fn next_step(&mut self, points: &mut Vec<FeedPoint>) -> Result<Option<f64>, String> {
        let Some(step) = self.reader.next_step().map_err(|error| error.to_string())? else {
            return Ok(None);
        };
        points.extend(step.vehicles.iter().map(|vehicle| FeedPoint {
            number: vehicle.id,
            position: vehicle.position,
            speed_m_per_s: vehicle.speed_m_per_s.map(f64::from),
        }));
        Ok(Some(step.time_s))
    }
}

impl BuildMobility for FcdMobility {
    fn build(&self, site: &Site<'_>, _: &NodeDirectory, count: Option<u32>) -> Option<Movement> {
        let file = site.file(&self.file);
        let place = site.key("file");
        let summary: FcdSummary = place.check(scan_fcd(&file, self.coordinates))?;
        if let Some(count) = count.filter(|&count| count as usize != summary.vehicles) {
            site.error_with_help(
                format!(
                    "the class has {count} nodes, but {} has {} vehicles",
                    self.file, summary.vehicles
                ),
                "leave out `count`",
            );
        }
        let mut reader = place.check(FcdReader::open(&file, summary.coordinates))?;
        let origin = match (self.origin_longitude, self.origin_latitude) {
            (Some(longitude), Some(latitude)) => Some(LocalPlane::new(longitude, latitude)),
            (None, None) => south_western_plane(&summary),
            _ => {
                site.error("origin_longitude and origin_latitude go together");
                None
            }
        };
        if let Some(plane) = origin.filter(|_| summary.coordinates == FcdCoordinates::LonLat) {
            reader = reader.with_plane(plane);
        }
        // Names are known only when the whole file was read; numbers are as good until then.
        let names = place.check(vehicle_names(&file, &summary))?;
        Some(Movement::Feed { feed: Box::new(FcdFeed { reader }), names })
    }
}

/// The plane whose origin is the south-western corner of what the vehicles visit.
fn south_western_plane(summary: &FcdSummary) -> Option<LocalPlane> {
    let corner = summary.plane?.lon_lat(summary.bounds?.least);
    Some(LocalPlane::new(corner.longitude_deg, corner.latitude_deg))
}

/// The vehicles' own ids, made unique.
fn vehicle_names(
    file: &std::path::Path,
    summary: &FcdSummary,
) -> Result<Vec<String>, crate::scenario::import::ImportError> {
    let mut reader = FcdReader::open(file, summary.coordinates)?;
    while reader.next_step()?.is_some() {}
    let mut used: FxHashMap<String, u32> = FxHashMap::default();
    let names = (0..summary.vehicles as u32).map(|id| {
        let name = reader.name(id).unwrap_or("vehicle").to_string();
        let times = used.entry(name.clone()).or_insert(0);
        *times += 1;
        if *times == 1 { name } else { format!("{name}#{times}") }
    });
    Ok(names.collect())
}
