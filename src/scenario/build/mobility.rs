//! Mobility models: from the format to the infrastructure.

use super::NodeDirectory;
use super::maps::{place, surveyed};
use crate::infra::{
    Area, FeedPoint, MobilityModel, Nomadic, NomadicPlace, Position, PositionFeed, RandomWaypoint,
    RingRoad, RoadSegment, SiteRadio, Static, Trajectory, TrajectoryPoint,
};
use crate::scenario::format::{
    BoundsSpec, FcdMobility, Layout, NomadicMobility, RandomWaypointMobility, RingRoadMobility,
    SitesMobility, StaticMobility, TrajectoryMobility,
};
use crate::scenario::import::{FcdReader, SiteRow, read_sites};
use crate::scenario::{BuildMobility, Site};
use rustc_hash::FxHashMap;
use std::sync::Arc;

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
    /// At the sites of a file; the class has as many nodes as there are.
    Sites {
        /// Where they stand.
        positions: Vec<Position>,
        /// Names of the nodes.
        names: Vec<String>,
        /// What their access points have otherwise than those of the class.
        radios: Vec<SiteRadio>,
    },
}

fn model(model: impl MobilityModel + 'static) -> Option<Movement> {
    Some(Movement::Model(Box::new(model)))
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
            let points = positions.iter().enumerate();
            let here = site.key("positions");
            let places: Vec<Option<Position>> =
                points.map(|(index, point)| place(point, nodes, &here.index(index))).collect();
            return model(site.check(Static::at(places.into_iter().collect::<Option<_>>()?))?);
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
                        position: Position {
                            x_m: knot.x.as_metres(),
                            y_m: knot.y.as_metres(),
                            z_m: knot.z.as_metres(),
                        },
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
    fn build(&self, site: &Site<'_>, nodes: &NodeDirectory, count: Option<u32>) -> Option<Movement> {
        let survey = surveyed(self, nodes, site)?;
        let summary = &survey.summary;
        if let Some(count) = count.filter(|&count| count as usize != summary.vehicles) {
            let file = survey.path.file_name().unwrap_or_default().display();
            site.error_with_help(
                format!("the class has {count} nodes, but {file} has {} vehicles", summary.vehicles),
                "leave out `count`",
            );
        }
        let reader = FcdReader::open(&survey.path, summary.coordinates);
        let mut reader = site.key("file").check(reader)?;
        if let Some(plane) = nodes.maps.plane {
            reader = reader.with_plane(plane);
        }
        Some(Movement::Feed { feed: Box::new(FcdFeed { reader }), names: unique(&survey.names) })
    }
}

/// The vehicles' own ids, made unique.
fn unique(ids: &[Arc<str>]) -> Vec<String> {
    let mut used: FxHashMap<&str, u32> = FxHashMap::default();
    let names = ids.iter().map(|name| {
        let times = used.entry(name).or_insert(0);
        *times += 1;
        if *times == 1 { name.to_string() } else { format!("{name}#{times}") }
    });
    names.collect()
}

impl BuildMobility for SitesMobility {
    fn build(&self, site: &Site<'_>, nodes: &NodeDirectory, count: Option<u32>) -> Option<Movement> {
        let (_, mut rows) = site.key("file").check(read_sites(site.file(&self.file)))?;
        if let Some(BoundsSpec { west, south, east, north }) = self.bounds {
            rows.retain(|SiteRow { place, .. }| {
                (west..=east).contains(&place.longitude_deg)
                    && (south..=north).contains(&place.latitude_deg)
            });
        }
        if rows.is_empty() {
            let within = if self.bounds.is_some() { "is within these bounds" } else { "is in it" };
            site.error(format!("no site of {} {within}", self.file));
            return None;
        }
        if let Some(count) = count.filter(|&count| count as usize != rows.len()) {
            site.error_with_help(
                format!("the class has {count} nodes, but {} has {} sites here", self.file, rows.len()),
                "leave out `count`",
            );
            return None;
        }
        let plane = nodes.maps.plane?;
        let position =
            |row: &SiteRow| Position { z_m: row.height_m.unwrap_or(0.0), ..plane.position(row.place) };
        let radio = |row: &SiteRow| SiteRadio {
            range_m: row.range_m,
            transmit_power_dbm: row.transmit_power_dbm,
            antenna_gain_db: row.antenna_gain_db,
        };
        Some(Movement::Sites {
            positions: rows.iter().map(position).collect(),
            radios: rows.iter().map(radio).collect(),
            names: rows.into_iter().map(|row| row.id).collect(),
        })
    }
}
